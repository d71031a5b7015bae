import type { GraphNode } from "./graphql-execute.js";
import { parseRow } from "./json-lines.js";
import { page } from "./paging.js";
import { projectReference } from "./run-node.js";
import type { Store, StoredArtifact } from "./store.js";

type Args = Readonly<Record<string, unknown>>;

/** The graph node of an artifact version. */
export function artifactNode(store: Store, artifact: StoredArtifact, base: string): GraphNode {
  const sizes = [...artifact.files.values()].map((file) => file.bytes?.length ?? 0);
  return {
    __typename: "Artifact",
    id: artifact.id,
    state: artifact.state,
    digest: artifact.digest,
    digestAlgorithm: "MANIFEST_MD5",
    versionIndex: artifact.versionIndex,
    size: sizes.reduce((sum, size) => sum + size, 0),
    fileCount: artifact.files.size,
    storageBytes: sizes.reduce((sum, size) => sum + size, 0),
    description: artifact.description,
    metadata: artifact.metadata,
    historyStep: artifact.historyStep,
    commitHash: artifact.id.slice(0, 20),
    createdAt: artifact.createdAt,
    updatedAt: artifact.createdAt,
    ttlDurationSeconds: -1,
    ttlIsInherited: false,
    tags: [],
    labels: [],
    artifactType: { __typename: "ArtifactType", id: `type-${artifact.type}`, name: artifact.type },
    artifactSequence: () => sequenceNode(store, artifact, base),
    aliases: () =>
      [...artifact.aliases].map((alias) => ({
        __typename: "ArtifactAlias",
        id: `${artifact.id}-${alias}`,
        alias,
        artifactCollection: sequenceNode(store, artifact, base),
      })),
    currentManifest: () => ({
      __typename: "ArtifactManifest",
      id: artifact.manifest?.id ?? null,
      file: { __typename: "File", directUrl: `${base}/storage/manifest/${artifact.id}?signature=stand-in` },
    }),
    files: (args: Args) => artifactFiles(artifact, args, base),
    filesByManifestEntries: (args: Args) => artifactFiles(artifact, args, base),
  };
}

/** A connection of artifacts. */
export function artifactConnection(
  store: Store,
  artifacts: readonly StoredArtifact[],
  args: Args,
  base: string,
): GraphNode {
  const nodes = artifacts.map((artifact) => artifactNode(store, artifact, base));
  return page(nodes, args);
}

/** Membership of an artifact in its collection. */
export function membershipNode(store: Store, artifact: StoredArtifact, base: string): GraphNode {
  return {
    __typename: "ArtifactCollectionMembership",
    id: `membership-${artifact.id}`,
    versionIndex: artifact.versionIndex,
    createdAt: artifact.createdAt,
    aliases: [...artifact.aliases].map((alias) => ({
      __typename: "ArtifactAlias",
      id: `${artifact.id}-${alias}`,
      alias,
    })),
    artifactCollection: () => sequenceNode(store, artifact, base),
    artifact: () => artifactNode(store, artifact, base),
    files: (args: Args) => artifactFiles(artifact, args, base),
  };
}

/** The collection that an artifact's versions form. */
export function sequenceNode(store: Store, artifact: StoredArtifact, base: string): GraphNode {
  const versions = store.versions(artifact.entity, artifact.project, artifact.collection);
  const latest = versions.filter((version) => version.state === "COMMITTED").at(-1);
  return {
    __typename: "ArtifactSequence",
    id: `sequence-${artifact.collection}`,
    name: artifact.collection,
    state: "READY",
    digestAlgorithm: "MANIFEST_MD5",
    project: projectReference(artifact.entity, artifact.project),
    latestArtifact: latest === undefined ? null : () => artifactNode(store, latest, base),
    artifactMembership: ({ aliasName }: Args) => {
      const found = findVersion(versions, String(aliasName));
      return found === undefined ? null : membershipNode(store, found, base);
    },
  };
}

/** The committed version with an alias (`latest`, `v3`). */
export function findVersion(versions: readonly StoredArtifact[], alias: string): StoredArtifact | undefined {
  const committed = versions.filter((version) => version.state === "COMMITTED");
  return committed
    .toReversed()
    .find((version) => version.aliases.has(alias) || `v${version.versionIndex}` === alias);
}

function artifactFiles(artifact: StoredArtifact, args: Args, base: string): GraphNode {
  const wanted = Array.isArray(args.names) ? args.names.map(String) : undefined;
  const entries = Array.isArray(args.entries)
    ? args.entries.map((entry) => String((entry as Record<string, unknown>).name))
    : undefined;
  const contents = parseRow(artifact.manifest?.bytes?.toString("utf8")).contents;
  const names = Object.keys(typeof contents === "object" && contents !== null ? contents : {});
  const nodes = names
    .filter((name) => (wanted ?? names).includes(name) && (entries ?? names).includes(name))
    .map((name) => ({
      __typename: "File",
      id: `${artifact.id}-${name}`,
      name,
      displayName: name,
      url: artifactFileUrl(base, artifact, name),
      directUrl: artifactFileUrl(base, artifact, name),
      sizeBytes: artifact.files.get(name)?.bytes?.length ?? 0,
      storagePath: name,
      mimetype: null,
      md5: artifact.files.get(name)?.md5 ?? null,
      digest: artifact.files.get(name)?.md5 ?? null,
      updatedAt: artifact.createdAt,
    }));
  return page(nodes, args);
}

/** Where a file of an artifact is put and read. */
export function artifactFileUrl(base: string, artifact: StoredArtifact, name: string): string {
  return `${base}/storage/artifact/${artifact.id}/${encodeURIComponent(name)}?signature=stand-in`;
}
