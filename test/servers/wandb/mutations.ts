import { createHash } from "node:crypto";
import { artifactFileUrl, artifactNode } from "./artifact-node.js";
import type { GraphNode } from "./graphql-execute.js";
import { parseRow } from "./json-lines.js";
import { runFileUrl, runNode } from "./run-node.js";
import { md5Base64, type Store, type StoredArtifact, type StoredRun } from "./store.js";

type Args = Readonly<Record<string, unknown>>;

/** An answer with another status than 200, as the hosted service gives for some mutations. */
export class HttpAnswer extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** The root of mutations. */
export function mutationRoot(store: Store, base: string, defaultEntity: string): GraphNode {
  const input = (args: Args): Args => args.input as Args;
  return {
    __typename: "Mutation",
    upsertBucket: (args: Args) => upsertBucket(store, base, defaultEntity, input(args)),
    createRunFiles: (args: Args) => createRunFiles(store, base, defaultEntity, input(args)),
    markRunFilesUploaded: (args: Args) => {
      const run = findRun(store, defaultEntity, input(args));
      for (const name of list(input(args).files)) run.visible.add(String(name));
      return { __typename: "MarkRunFilesUploadedPayload", success: true };
    },
    deleteRun: (args: Args) => {
      const run = store.runByStorageId(String(input(args).id));
      if (run === undefined) throw new Error("run not found");
      store.deleteRun(run);
      return { __typename: "DeleteRunPayload", clientMutationId: null };
    },
    createArtifact: (args: Args) => createArtifact(store, base, defaultEntity, input(args)),
    createArtifactManifest: (args: Args) => createManifest(store, base, input(args)),
    updateArtifactManifest: (args: Args) => updateManifest(store, base, input(args)),
    createArtifactFiles: (args: Args) => createArtifactFiles(store, base, input(args)),
    commitArtifact: (args: Args) => commitArtifact(store, base, input(args)),
    useArtifact: (args: Args) => ({
      __typename: "UseArtifactPayload",
      artifact: artifactNode(store, findArtifact(store, input(args).artifactID), base),
    }),
  };
}

function upsertBucket(store: Store, base: string, defaultEntity: string, input: Args): GraphNode {
  const storageId = text(input.id);
  const entity = text(input.entityName) ?? defaultEntity;
  const project = text(input.modelName) ?? "uncategorized";
  const byId = storageId === undefined ? undefined : store.runByStorageId(storageId);
  if (storageId !== undefined && byId === undefined) throw new HttpAnswer(404, "run not found");
  const id = byId?.id ?? text(input.name) ?? store.newId("run").slice(0, 8);
  if (byId === undefined && store.deleted.has(`${entity}/${project}/${id}`)) {
    throw new HttpAnswer(
      409,
      `run ${entity}/${project}/${id} was previously created and deleted; try a new run name`,
    );
  }
  const known = byId ?? store.run(entity, project, id);
  const run = known ?? store.createRun(entity, project, id);
  run.displayName = text(input.displayName) ?? run.displayName;
  run.group = text(input.groupName) ?? run.group;
  run.jobType = text(input.jobType) ?? run.jobType;
  run.notes = text(input.notes) ?? run.notes;
  run.description = text(input.description) ?? run.description;
  run.host = text(input.host) ?? run.host;
  run.program = text(input.jobProgram) ?? run.program;
  run.state = text(input.state) ?? "running";
  run.config = text(input.config) ?? run.config;
  run.summary = text(input.summaryMetrics) ?? run.summary;
  if (Array.isArray(input.tags)) run.tags = input.tags.map(String);
  run.heartbeatAt = store.now();
  return {
    __typename: "UpsertBucketPayload",
    bucket: runNode(store, run, base),
    inserted: known === undefined,
  };
}

function createRunFiles(store: Store, base: string, defaultEntity: string, input: Args): GraphNode {
  const run = findRun(store, defaultEntity, input);
  return {
    __typename: "CreateRunFilesPayload",
    runID: run.storageId,
    uploadHeaders: ["x-stand-in-upload:yes"],
    files: list(input.files).map((name) => ({
      __typename: "File",
      name: String(name),
      uploadUrl: runFileUrl(base, run, String(name)),
    })),
  };
}

function createArtifact(store: Store, base: string, defaultEntity: string, input: Args): GraphNode {
  const entity = text(input.entityName) ?? defaultEntity;
  const project = text(input.projectName) ?? "uncategorized";
  // Clients before 0.18 send a list of one name.
  const [only] = list(input.artifactCollectionNames);
  const collection = text(only) ?? required(input, "artifactCollectionName");
  const digest = required(input, "digest");
  const versions = store.versions(entity, project, collection);
  const same = versions.find((version) => version.digest === digest && version.state === "COMMITTED");
  if (same !== undefined && input.enableDigestDeduplication === true) {
    return { __typename: "CreateArtifactPayload", artifact: artifactNode(store, same, base) };
  }
  const artifact: StoredArtifact = {
    id: store.newId("Artifact"),
    entity,
    project,
    collection,
    type: required(input, "artifactTypeName"),
    digest,
    clientId: required(input, "clientID"),
    sequenceClientId: required(input, "sequenceClientID"),
    runId: text(input.runName) ?? null,
    aliases: new Set(list(input.aliases).map((alias) => String((alias as Args).alias))),
    createdAt: store.now(),
    historyStep: typeof input.historyStep === "number" ? input.historyStep : null,
    description: text(input.description) ?? null,
    metadata: text(input.metadata) ?? null,
    files: new Map(),
    state: "PENDING",
    versionIndex: null,
    manifest: null,
  };
  store.artifacts.push(artifact);
  return { __typename: "CreateArtifactPayload", artifact: artifactNode(store, artifact, base) };
}

function createManifest(store: Store, base: string, input: Args): GraphNode {
  const artifact = findArtifact(store, input.artifactID);
  artifact.manifest = { id: store.newId("Manifest"), md5: text(input.digest) ?? "", bytes: null };
  return manifestPayload("CreateArtifactManifestPayload", artifact, base);
}

function updateManifest(store: Store, base: string, input: Args): GraphNode {
  const artifact = store.artifacts.find((one) => one.manifest?.id === input.artifactManifestID);
  if (artifact?.manifest === null || artifact === undefined) throw new Error("manifest not found");
  artifact.manifest.md5 = text(input.digest) ?? artifact.manifest.md5;
  return manifestPayload("UpdateArtifactManifestPayload", artifact, base);
}

function manifestPayload(type: string, artifact: StoredArtifact, base: string): GraphNode {
  return {
    __typename: type,
    artifactManifest: {
      __typename: "ArtifactManifest",
      id: artifact.manifest?.id ?? null,
      file: {
        __typename: "File",
        id: `${artifact.id}-manifest`,
        name: "wandb_manifest.json",
        displayName: "wandb_manifest.json",
        uploadUrl: `${base}/storage/manifest/${artifact.id}?signature=stand-in`,
        uploadHeaders: [`Content-MD5:${artifact.manifest?.md5 ?? ""}`],
      },
    },
  };
}

function createArtifactFiles(store: Store, base: string, input: Args): GraphNode {
  const edges = list(input.artifactFiles).map((spec) => {
    const file = spec as Args;
    const artifact = findArtifact(store, file.artifactID);
    const name = required(file, "name");
    const md5 = required(file, "md5");
    artifact.files.set(name, { md5, bytes: null });
    return {
      __typename: "FileEdge",
      node: {
        __typename: "File",
        id: `${artifact.id}-${name}`,
        name,
        displayName: name,
        storagePath: `wandb_artifacts/${artifact.id}/${name}`,
        uploadUrl: artifactFileUrl(base, artifact, name),
        uploadHeaders: [`Content-MD5:${md5}`],
        uploadMultipartUrls: null,
        artifact: artifactNode(store, artifact, base),
      },
    };
  });
  return { __typename: "CreateArtifactFilesPayload", files: { __typename: "FileConnection", edges } };
}

function commitArtifact(store: Store, base: string, input: Args): GraphNode {
  const artifact = findArtifact(store, input.artifactID);
  const manifest = artifact.manifest?.bytes;
  if (manifest === null || manifest === undefined) throw new Error("the manifest has not been uploaded");
  if (md5Base64(manifest) !== artifact.manifest?.md5) throw new Error("the manifest's digest is wrong");
  const contents = parseRow(manifest.toString("utf8")).contents as Record<string, Args>;
  const digest = createHash("md5").update("wandb-artifact-manifest-v1\n");
  for (const name of Object.keys(contents).sort(byCodePoint)) {
    const entry = contents[name] ?? {};
    digest.update(`${name}:${String(entry.digest)}\n`);
    const file = artifact.files.get(name);
    if (file?.bytes?.length !== entry.size || file?.md5 !== entry.digest) {
      throw new Error(`the file ${name} of the manifest has not been uploaded`);
    }
  }
  if (digest.digest("hex") !== artifact.digest) throw new Error("the artifact's digest is wrong");
  const versions = store.versions(artifact.entity, artifact.project, artifact.collection);
  artifact.versionIndex = versions.filter((version) => version.state === "COMMITTED").length;
  for (const version of versions) if (version !== artifact) version.aliases.delete("latest");
  artifact.state = "COMMITTED";
  return { __typename: "CommitArtifactPayload", artifact: artifactNode(store, artifact, base) };
}

function byCodePoint(left: string, right: string): number {
  return Buffer.compare(Buffer.from(left), Buffer.from(right));
}

function findRun(store: Store, defaultEntity: string, input: Args): StoredRun {
  const entity = text(input.entityName) ?? defaultEntity;
  const run = store.run(entity, text(input.projectName) ?? "", text(input.runName) ?? "");
  if (run === undefined) throw new Error("run not found during createRunFiles");
  return run;
}

function findArtifact(store: Store, id: unknown): StoredArtifact {
  const artifact = store.artifact(String(id));
  if (artifact === undefined) throw new Error("artifact not found");
  return artifact;
}

function required(input: Args, name: string): string {
  const value = text(input[name]);
  if (value === undefined) throw new Error(`${name} is required`);
  return value;
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
