import { artifactNode, findVersion, membershipNode, sequenceNode } from "./artifact-node.js";
import type { GraphNode } from "./graphql-execute.js";
import { parseRow } from "./json-lines.js";
import { matches } from "./mongo-filter.js";
import { page } from "./paging.js";
import { projectReference, runNode } from "./run-node.js";
import type { Store, StoredProject, StoredRun } from "./store.js";

type Args = Readonly<Record<string, unknown>>;

/** Who is asking: null for a key the stand-in doesn't know. */
export interface Viewer {
  readonly username: string;
  readonly entity: string;
}

/** Fields of inputs that clients before 0.18 look for. */
const INPUT_FIELDS: Readonly<Record<string, readonly string[]>> = {
  CreateArtifactInput: ["clientID", "sequenceClientID", "enableDigestDeduplication", "historyStep"],
};

/** The root of queries. `features` are the names that the server offers. */
export function queryRoot(
  store: Store,
  base: string,
  viewer: Viewer,
  features: ReadonlySet<string>,
): GraphNode {
  const entityOf = (args: Args): string => text(args.entityName) ?? text(args.entity) ?? viewer.entity;
  const project = (args: Args): GraphNode | null => {
    const found = store.project(entityOf(args), text(args.name) ?? "");
    return found === undefined ? null : projectNode(store, base, found);
  };
  return {
    __typename: "Query",
    // Clients before 0.18 ask what the server knows, and do without what it doesn't name.
    __type: ({ name }: Args) => ({
      __typename: "__Type",
      name,
      fields: [],
      inputFields: (INPUT_FIELDS[String(name)] ?? []).map((field) => ({ name: field })),
    }),
    viewer: () => ({
      __typename: "User",
      id: "user-1",
      username: viewer.username,
      name: "Stand In",
      email: "stand-in@example.invalid",
      entity: viewer.entity,
      admin: false,
      flags: "{}",
      deletedAt: null,
      teams: { __typename: "EntityConnection", edges: [{ node: { name: viewer.entity } }] },
      apiKeys: { __typename: "ApiKeyConnection", edges: [] },
    }),
    serverInfo: () => ({
      __typename: "ServerInfo",
      cliVersionInfo: { max_cli_version: "99.0.0", min_cli_version: "0.0.1" },
      latestLocalVersionInfo: null,
      features: [...features].map((name) => ({ __typename: "ServerFeature", name, isEnabled: true })),
    }),
    model: project,
    project,
    entity: (args: Args) => ({
      __typename: "Entity",
      id: `entity-${String(args.name)}`,
      name: args.name,
      isTeam: false,
      xxhashDigestsEnabled: false,
      organization: null,
    }),
    artifact: ({ id }: Args) => {
      const found = store.artifact(String(id));
      return found === undefined ? null : artifactNode(store, found, base);
    },
    clientIDMapping: ({ clientID }: Args) => {
      const found = store.artifact(String(clientID));
      return found === undefined ? null : { __typename: "ClientIDMapping", serverID: found.id };
    },
  };
}

function projectNode(store: Store, base: string, project: StoredProject): GraphNode {
  const runs = (filters: unknown): StoredRun[] =>
    [...store.runs.values()]
      .filter((run) => run.entity === project.entity && run.project === project.name)
      .filter((run) => matches(run, typeof filters === "string" ? parseRow(filters) : undefined));
  const bucket = ({ name }: Args): GraphNode | null => {
    const run = store.run(project.entity, project.name, String(name));
    return run === undefined ? null : runNode(store, run, base);
  };
  const collection = ({ name }: Args): GraphNode | null => {
    const first = store.versions(project.entity, project.name, String(name))[0];
    return first === undefined ? null : sequenceNode(store, first, base);
  };
  const membership = ({ name }: Args): GraphNode | null => {
    const [collectionName = "", alias = "latest"] = String(name).split(":");
    const found = findVersion(store.versions(project.entity, project.name, collectionName), alias);
    return found === undefined ? null : membershipNode(store, found, base);
  };
  return {
    ...projectReference(project.entity, project.name),
    readOnly: false,
    isReadOnly: false,
    createdAt: "2026-01-01T00:00:00",
    run: bucket,
    bucket,
    runCount: ({ filters }: Args) => runs(filters).length,
    runs: (args: Args) => {
      const sorted = inOrder(runs(args.filters), text(args.order));
      return page(
        sorted.map((run) => runNode(store, run, base)),
        args,
      );
    },
    artifactCollection: collection,
    artifactType: ({ name }: Args) => ({
      __typename: "ArtifactType",
      id: `type-${String(name)}`,
      name,
      artifactCollection: collection,
    }),
    artifactCollectionMembership: membership,
    artifact: ({ name }: Args) => {
      const [collectionName = "", alias = "latest"] = String(name).split(":");
      const found = findVersion(store.versions(project.entity, project.name, collectionName), alias);
      return found === undefined ? null : artifactNode(store, found, base);
    },
  };
}

/** Runs by creation; a `-` in front turns the order round. Other keys than created_at are not known. */
function inOrder(runs: StoredRun[], order: string | undefined): StoredRun[] {
  const rising = runs.toSorted((left, right) => Date.parse(left.createdAt) - Date.parse(right.createdAt));
  return order?.startsWith("-") ? rising.toReversed() : rising;
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
