import { createHash } from "node:crypto";
import { artifactConnection } from "./artifact-node.js";
import type { GraphNode } from "./graphql-execute.js";
import { parseRow } from "./json-lines.js";
import { page } from "./paging.js";
import type { Store, StoredRun } from "./store.js";

type Args = Readonly<Record<string, unknown>>;

/** The graph node of a run. `base` is the stand-in's own URL. */
export function runNode(store: Store, run: StoredRun, base: string): GraphNode {
  const history = run.lines["wandb-history.jsonl"];
  const events = run.lines["wandb-events.jsonl"];
  const project = store.project(run.entity, run.project);
  return {
    __typename: "Run",
    id: run.storageId,
    name: run.id,
    displayName: run.displayName,
    projectId: project?.number ?? 0,
    state: run.state,
    group: run.group,
    jobType: run.jobType,
    notes: run.notes,
    description: run.description,
    tags: run.tags,
    commit: null,
    readOnly: false,
    host: run.host,
    program: run.program,
    sweepName: null,
    createdAt: run.createdAt,
    heartbeatAt: run.heartbeatAt,
    config: run.config,
    summaryMetrics: run.summary,
    systemMetrics: () => events.at(-1) ?? "{}",
    user: { __typename: "User", name: "Stand In", username: "stand-in" },
    historyLineCount: history.length,
    eventsLineCount: events.length,
    logLineCount: run.lines["output.log"].length,
    historyTail: () => JSON.stringify(history.slice(-1)),
    eventsTail: () => JSON.stringify(events.slice(-1)),
    historyKeys: () => historyKeys(history),
    wandbConfig: ({ keys }: Args) => wandbConfig(run, keys),
    history: (args: Args) => steps(history, args),
    events: () => events,
    sampledHistory: ({ specs }: Args) => list(specs).map((spec) => sampled(history, spec)),
    parquetHistory: () => ({ __typename: "ParquetHistory", parquetUrls: [], liveData: [] }),
    logLines: (args: Args) => consoleLines(run.lines["output.log"], args),
    fileCount: run.visible.size,
    files: (args: Args) => fileConnection(run, args, base),
    outputArtifacts: (args: Args) => artifactConnection(store, outputs(store, run), args, base),
    inputArtifacts: (args: Args) => artifactConnection(store, [], args, base),
    project: () => projectReference(run.entity, run.project),
  };
}

/** The short form of a project inside other nodes. */
export function projectReference(entity: string, name: string): GraphNode {
  return {
    __typename: "Project",
    id: Buffer.from(`Project:v1:${name}:${entity}`).toString("base64"),
    internalId: Buffer.from(`ProjectInternalId:1`).toString("base64"),
    name,
    entity: { __typename: "Entity", id: `entity-${entity}`, name: entity },
  };
}

function outputs(store: Store, run: StoredRun) {
  return store.artifacts.filter(
    (artifact) =>
      artifact.runId === run.id &&
      artifact.entity === run.entity &&
      artifact.project === run.project &&
      artifact.state === "COMMITTED",
  );
}

function steps(history: readonly string[], args: Args): string[] {
  const least = Number(args.minStep ?? 0);
  const most = args.maxStep === undefined || args.maxStep === null ? Infinity : Number(args.maxStep);
  const found = history.filter((line) => {
    const step = Number(parseRow(line)._step);
    return step >= least && step < most;
  });
  return found.slice(0, Number(args.samples ?? found.length));
}

function sampled(history: readonly string[], specText: unknown): Record<string, unknown>[] {
  const spec = parseRow(String(specText));
  const keys = list(spec.keys).map(String);
  const rows = history.map(parseRow).filter((row) => keys.every((key) => key in row));
  return rows
    .slice(0, Number(spec.samples ?? 500))
    .map((row) => Object.fromEntries(keys.map((key) => [key, row[key]])));
}

function historyKeys(history: readonly string[]): unknown {
  if (history.length === 0) return null;
  const keys: Record<string, unknown> = {};
  let lastStep = -1;
  for (const line of history) {
    const row = parseRow(line);
    for (const [key, value] of Object.entries(row)) {
      keys[key] = { typeCounts: [{ type: typeof value, count: 1 }], monotonic: false, previousValue: 0 };
    }
    lastStep = Math.max(lastStep, Number(row._step ?? -1));
  }
  return { sets: [], keys, lastStep };
}

function wandbConfig(run: StoredRun, keys: unknown): string {
  const outer = parseRow(run.config)._wandb;
  const inner = isRecord(outer) && isRecord(outer.value) ? outer.value : {};
  const wanted = list(keys)
    .map(String)
    .filter((key) => key in inner);
  return JSON.stringify(Object.fromEntries(wanted.map((key) => [key, inner[key]])));
}

function consoleLines(lines: readonly string[], args: Args): GraphNode {
  const nodes = lines.map((line, number) => {
    const error = line.startsWith("ERROR ");
    const rest = error ? line.slice(6) : line;
    const space = rest.indexOf(" ");
    return {
      __typename: "LogLine",
      number,
      timestamp: rest.slice(0, space),
      level: error ? "error" : null,
      label: null,
      line: rest.slice(space + 1),
    };
  });
  const last = args.last;
  return page(typeof last === "number" ? nodes.slice(-last) : nodes, args);
}

function fileConnection(run: StoredRun, args: Args, base: string): GraphNode {
  const names = list(args.names).map(String);
  const pattern = typeof args.pattern === "string" && args.pattern !== "" ? like(args.pattern) : undefined;
  const nodes = [...run.uploads]
    .filter(([name]) => run.visible.has(name))
    .filter(([name]) => names.length === 0 || names.includes(name))
    .filter(([name]) => names.length > 0 || pattern === undefined || pattern.test(name))
    .map(([name, file]) => {
      const url = runFileUrl(base, run, name);
      return {
        __typename: "File",
        id: Buffer.from(`File:${run.id}:${name}`).toString("base64"),
        name,
        url: () => url,
        directUrl: url,
        sizeBytes: file.bytes.length,
        mimetype: null,
        md5: createHash("md5").update(file.bytes).digest("base64"),
        updatedAt: file.updatedAt,
      };
    });
  return page(nodes, args);
}

/** Where a run file is put and read. */
export function runFileUrl(base: string, run: StoredRun, name: string): string {
  return `${base}/storage/run/${encodeURIComponent(run.storageId)}/${encodeURIComponent(name)}?signature=stand-in`;
}

function like(pattern: string): RegExp {
  const escaped = pattern.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${escaped.replaceAll("%", ".*").replaceAll("_", ".")}$`, "s");
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
