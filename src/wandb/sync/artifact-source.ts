import { stat } from "node:fs/promises";
import type { ArtifactEntry, ArtifactSpec } from "../client/artifact.js";
import { WandbError } from "../client/errors.js";
import { artifactDigest, checksumOfFile } from "../client/format/artifact.js";
import type { ArtifactFile } from "../offline/records.js";
import type { StepArtifact } from "./run-content.js";

/**
 * The artifact of a record, ready to be published, after a look at every file of it.
 *
 * @throws WandbError when a file is gone, has changed, or was never on this machine.
 */
export async function artifactSpec({ artifact, step }: StepArtifact): Promise<ArtifactSpec> {
  const { name, type, clientId, sequenceClientId, aliases, description, metadata } = artifact;
  if (artifact.manifestFile !== undefined) {
    throw new WandbError(
      "artifact-source",
      `the list of its files is kept apart (${artifact.manifestFile}), which only the official client reads`,
    );
  }
  const entries: ArtifactEntry[] = [];
  for (const file of artifact.files) entries.push(await checkedEntry(file));
  const digest = artifactDigest(entries);
  if (artifact.digest !== "" && artifact.digest !== digest) {
    throw new WandbError(
      "artifact-source",
      `its files give the digest ${digest}, not the recorded ${artifact.digest}`,
    );
  }
  const more = { aliases, description: description || undefined, metadata: metadata || undefined };
  return { name, type, entries, step, clientId, sequenceClientId, ...more };
}

async function checkedEntry(file: ArtifactFile): Promise<ArtifactEntry> {
  if (file.reference !== undefined) {
    throw new WandbError(
      "artifact-source",
      `${file.path} is a reference to ${file.reference}, which only the official client sends`,
    );
  }
  const path = file.localPath;
  const status = path === undefined ? undefined : await stat(path).catch(() => undefined);
  if (path === undefined || status?.isFile() !== true) {
    throw new WandbError("artifact-source", `${path ?? file.path} is gone`);
  }
  if (status.size !== file.size || (await checksumOfFile(path)).md5 !== file.digest) {
    throw new WandbError("artifact-source", `${path} has changed since it was logged`);
  }
  return { name: file.path, md5: file.digest, source: { path, size: file.size } };
}
