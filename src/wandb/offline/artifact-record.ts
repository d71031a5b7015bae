import { join } from "node:path";
import { artifactDigest, checksumOfFile, filesBelow } from "../client/format/artifact.js";
import { type JsonObject, stringifyJson } from "../client/format/json.js";
import type { ArtifactFile, ArtifactRecord, RunRecord } from "./records.js";
import { copyInto } from "./run-directory.js";

/** More about an artifact. */
export type ArtifactOptions = {
  /** Default: `latest`. */
  readonly aliases?: readonly string[] | undefined;
  readonly description?: string | undefined;
  readonly metadata?: JsonObject | undefined;
};

/** The record of an artifact whose files lie in the run's folder. */
export function artifactRecord(
  { runId, project, entity }: RunRecord,
  artifact: Pick<ArtifactRecord, "name" | "type" | "clientId" | "sequenceClientId">,
  files: readonly ArtifactFile[],
  { aliases = ["latest"], description, metadata }: ArtifactOptions = {},
): { readonly kind: "artifact"; readonly artifact: ArtifactRecord } {
  return {
    kind: "artifact",
    artifact: {
      ...artifact,
      runId,
      project,
      ...(entity === undefined ? {} : { entity }),
      digest: artifactDigest(files.map(({ path, digest }) => ({ name: path, md5: digest }))),
      ...(description === undefined ? {} : { description }),
      ...(metadata === undefined ? {} : { metadata: stringifyJson(metadata) }),
      aliases,
      tags: [],
      finalize: true,
      files,
    },
  };
}

/** The entry of one file that lies at `localPath`. */
export async function artifactFile(path: string, localPath: string): Promise<ArtifactFile> {
  const { md5, size } = await checksumOfFile(localPath);
  return { path, digest: md5, size, localPath };
}

/** Copies a directory: the upload may come days later, and the checksums have to fit what is uploaded then. */
export async function copyArtifactFiles(from: string, to: string): Promise<ArtifactFile[]> {
  const files: ArtifactFile[] = [];
  for (const { name } of await filesBelow(from)) {
    const copy = join(to, name);
    await copyInto(copy, join(from, name));
    files.push(await artifactFile(name, copy));
  }
  return files;
}
