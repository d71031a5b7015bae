import { createHash } from "node:crypto";
import { join } from "node:path";
import type { RequestScope } from "../../http/index.js";
import { forEachLimited, type JsonRecord } from "../../http/index.js";
import { WandbError } from "./errors.js";
import { artifactDigest, checksumOfFile, type FileDigest, filesBelow, inOrder } from "./format/artifact.js";
import { checkArtifactName } from "./format/names.js";
import {
  COMMIT_ARTIFACT,
  CREATE_ARTIFACT,
  CREATE_ARTIFACT_FILES,
  CREATE_ARTIFACT_MANIFEST,
} from "./operations.js";
import { listOf, objectAt, optionalText, requiredObject, requiredText, textsOf } from "./reply.js";
import type { RunAddress } from "./run-address.js";
import { putBytes, sizeOf, type UploadSource } from "./upload.js";
import type { WandbClient } from "./wandb-client.js";

const PARALLEL_UPLOADS = 4;
const FILES_PER_REQUEST = 1000;
const LARGEST_FILE_BYTES = 2 * 1024 ** 3;
const MANIFEST_NAME = "wandb_manifest.json";

/** One file of an artifact, and where its bytes are. */
export interface ArtifactEntry extends FileDigest {
  readonly source: UploadSource;
}

/** An artifact that is ready to be published. */
export interface ArtifactSpec {
  readonly name: string;
  readonly type: string;
  readonly entries: readonly ArtifactEntry[];
  /** Step of the run's history that it belongs to. */
  readonly step?: number | undefined;
  /** The two ids by which history rows point at it before the server has given it one. */
  readonly clientId: string;
  readonly sequenceClientId: string;
  /** Default: `latest`. */
  readonly aliases?: readonly string[] | undefined;
  readonly description?: string | undefined;
  /** JSON text of an object. */
  readonly metadata?: string | undefined;
}

/** What became of an artifact. "unchanged": the newest version has the same content and no new one was made. */
export interface PublishedArtifact {
  readonly name: string;
  readonly type: string;
  readonly digest: string;
  readonly files: number;
  readonly state: "new" | "unchanged";
}

/** An entry with bytes in memory. */
export function memoryEntry(name: string, bytes: Buffer): ArtifactEntry {
  return { name, md5: createHash("md5").update(bytes).digest("base64"), source: bytes };
}

/**
 * Entries for every file below a directory; symbolic links are followed. Throws a WandbError for a file of
 * 2 GiB or more, and an Error for a link that leads back to a directory above it.
 */
export async function directoryEntries(directory: string): Promise<ArtifactEntry[]> {
  const entries: ArtifactEntry[] = [];
  for (const { name, size } of await filesBelow(directory)) {
    const path = join(directory, name);
    if (size >= LARGEST_FILE_BYTES) {
      throw new WandbError(
        "too-large",
        `${path} has ${size} bytes; files of 2 GiB or more can't go into an artifact`,
      );
    }
    const { md5, size: read } = await checksumOfFile(path);
    entries.push({ name, md5, source: { path, size: read } });
  }
  return entries;
}

/** Publishes an artifact as an output of a run: its content is committed when the promise settles. */
export async function publishArtifact(
  client: WandbClient,
  scope: RequestScope,
  address: RunAddress,
  spec: ArtifactSpec,
): Promise<PublishedArtifact> {
  checkArtifactName(spec.name);
  const digest = artifactDigest(spec.entries);
  const report = { name: spec.name, type: spec.type, digest, files: spec.entries.length };
  const artifact = await createArtifact(client, scope, address, spec, digest);
  const id = requiredText(artifact, "id");
  if (artifact.state === "COMMITTED") return { ...report, state: "unchanged" };
  const first = await createManifest(client, scope, address, id, "", false);
  await uploadEntries(client, scope, id, requiredText(first, "id"), spec.entries);
  const manifest = manifestBytes(id, spec.entries);
  const md5 = createHash("md5").update(manifest).digest("base64");
  const file = requiredObject(await createManifest(client, scope, address, id, md5, true), "file");
  const target = {
    name: MANIFEST_NAME,
    url: requiredText(file, "uploadUrl"),
    headers: textsOf(file, "uploadHeaders"),
  };
  await putBytes(client, scope, target, manifest);
  const committed = await client.graphql(COMMIT_ARTIFACT, { artifactID: id }, scope);
  requiredObject(committed, "commitArtifact", "artifact");
  return { ...report, state: "new" };
}

function manifestBytes(artifactId: string, entries: readonly ArtifactEntry[]): Buffer {
  const contents = Object.fromEntries(
    inOrder(entries).map((entry) => [
      entry.name,
      { digest: entry.md5, size: sizeOf(entry.source), birthArtifactID: artifactId },
    ]),
  );
  return Buffer.from(
    JSON.stringify({
      version: 1,
      storagePolicy: "wandb-storage-policy-v1",
      storagePolicyConfig: { storageLayout: "V2" },
      contents,
    }),
  );
}

async function createArtifact(
  client: WandbClient,
  scope: RequestScope,
  address: RunAddress,
  spec: ArtifactSpec,
  digest: string,
): Promise<JsonRecord> {
  const input = {
    entityName: address.entity,
    projectName: address.project,
    runName: address.runId,
    artifactTypeName: spec.type,
    artifactCollectionName: spec.name,
    digest,
    digestAlgorithm: "MANIFEST_MD5",
    aliases: (spec.aliases ?? ["latest"]).map((alias) => ({ artifactCollectionName: spec.name, alias })),
    clientID: spec.clientId,
    sequenceClientID: spec.sequenceClientId,
    enableDigestDeduplication: true,
    historyStep: spec.step ?? null,
    description: spec.description ?? null,
    metadata: spec.metadata ?? null,
    labels: null,
  };
  return requiredObject(
    await client.graphql(CREATE_ARTIFACT, { input }, scope),
    "createArtifact",
    "artifact",
  );
}

async function createManifest(
  client: WandbClient,
  scope: RequestScope,
  address: RunAddress,
  artifactID: string,
  digest: string,
  includeUpload: boolean,
): Promise<JsonRecord> {
  const data = await client.graphql(
    CREATE_ARTIFACT_MANIFEST,
    {
      artifactID,
      name: MANIFEST_NAME,
      digest,
      entityName: address.entity,
      projectName: address.project,
      runName: address.runId,
      includeUpload,
    },
    scope,
  );
  return requiredObject(data, "createArtifactManifest", "artifactManifest");
}

async function uploadEntries(
  client: WandbClient,
  scope: RequestScope,
  artifactID: string,
  artifactManifestID: string,
  entries: readonly ArtifactEntry[],
): Promise<void> {
  for (let at = 0; at < entries.length; at += FILES_PER_REQUEST) {
    const group = entries.slice(at, at + FILES_PER_REQUEST);
    const artifactFiles = group.map(({ name, md5 }) => ({ artifactID, artifactManifestID, name, md5 }));
    const input = { artifactFiles, storageLayout: "V2" };
    const data = await client.graphql(CREATE_ARTIFACT_FILES, { input }, scope);
    const nodes = listOf(requiredObject(data, "createArtifactFiles", "files"), "edges").map((edge) =>
      objectAt(edge, "node"),
    );
    if (nodes.length !== group.length)
      throw new WandbError("refused", "the W&B server left out files of an artifact");
    const pairs = group.map((entry, index) => ({ entry, node: nodes[index] }));
    await forEachLimited(pairs, PARALLEL_UPLOADS, async ({ entry, node }) => {
      const url = node === undefined ? undefined : optionalText(node, "uploadUrl");
      // Where the address is null, the server has these bytes already.
      if (node?.uploadUrl === null) return;
      if (node === undefined || url === undefined)
        throw new WandbError("malformed-answer", `the W&B server gave no address for the file ${entry.name}`);
      await putBytes(
        client,
        scope,
        { name: entry.name, url, headers: textsOf(node, "uploadHeaders") },
        entry.source,
      );
    });
  }
}
