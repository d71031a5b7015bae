/** The parts of the tables, made in threads. */
import { join } from "node:path";
import type { PartPlaces } from "../../publishers/tables/earlier-rows.js";
import type { PartTablesSummary } from "../../publishers/tables/part-files.js";
import { runInWorkers, threadCount } from "../worker-pool.js";
import { limitHeapGrowth } from "../young-objects.js";
import type { RowOptions, WorkItem } from "./items.js";
import { makePart, type PartLog, partPlaces, partText, readPart, readPartLogs } from "./part.js";
import type { TablesState } from "./state.js";
import type { TablesTask } from "./tables-worker.js";

/** How parts are made, watched and stopped. */
export interface PartsOptions extends RowOptions {
  readonly threads: number | undefined;
  readonly signal: AbortSignal;
  progress(bytes: number): void;
  runsDone?(runs: number): void;
}

/** An item, and the part of the earlier tables that is the same; without one it is made of the logs. */
export interface PlannedItem extends WorkItem {
  readonly earlierPart?: number;
  /** The digest of the contents of each run's files; null if nobody has asked for it. */
  readonly contents: readonly (string | null)[];
}

/** A part that is there, with what it was made of. */
export interface ReadyPart {
  readonly item: PlannedItem;
  readonly tables: PartTablesSummary;
  /** Where the bytes of its tables are. */
  readonly places: PartPlaces;
  /** What its logs brought, in the order of its runs. */
  logs(): PartLog[];
  /** The JSON of its tables and of its logs. */
  text(): { readonly tables: string; readonly logs: string };
}

/** The parts of these items, in their order; those that are not there are left out. */
export async function readParts(
  items: readonly PlannedItem[],
  place: string,
  earlier: TablesState | undefined,
): Promise<ReadyPart[]> {
  const parts: ReadyPart[] = [];
  for (const item of items) {
    const { earlierPart: part } = item;
    if (part !== undefined && earlier !== undefined) {
      const tables = earlier.tables(part);
      const places = earlier.places(part);
      parts.push({ item, tables, places, logs: () => earlier.logs(part), text: () => earlier.text(part) });
      continue;
    }
    const folder = join(place, item.digest);
    const tables = await readPart(folder);
    if (tables === undefined) continue;
    parts.push({
      ...{ item, tables, places: partPlaces(folder) },
      logs: () => readPartLogs(folder),
      text: () => partText(folder),
    });
  }
  return parts;
}

/**
 * Makes the parts that are neither in `place` yet nor in earlier tables.
 *
 * @returns Why one could not be made, for the user; the others are given up then.
 */
export async function makeParts(
  items: readonly PlannedItem[],
  place: string,
  options: PartsOptions,
): Promise<string | undefined> {
  const { threads: asked, formats, compression, parser, partitionBy, signal: outer } = options;
  const { progress, runsDone } = options;
  const pending = new Map(items.map((item) => [item.digest, item]));
  for (const item of items) {
    const isThere =
      item.earlierPart !== undefined || (await readPart(join(place, item.digest))) !== undefined;
    if (!isThere) continue;
    pending.delete(item.digest);
    progress(item.bytes);
    runsDone?.(item.runs.length);
  }
  const stop = new AbortController();
  const signal = AbortSignal.any([outer, stop.signal]);
  let fault: string | undefined;
  const done = (reason: string | undefined, runs: number) => {
    limitHeapGrowth();
    if (reason === undefined) return runsDone?.(runs);
    fault ??= reason;
    stop.abort();
  };
  const task = ({ digest }: WorkItem) => {
    return { folder: join(place, digest), formats, compression, partitionBy, parser };
  };
  const all = [...pending.values()];
  const tasks = all.flatMap((item): TablesTask[] => {
    const runs = passable(item);
    return runs === undefined ? [] : [{ ...task(item), runs }];
  });
  const copied = all.flatMap(({ runs }) => runs.filter((run) => run.earlier !== undefined));
  const bytes =
    all.reduce((sum, item) => sum + item.bytes, 0) -
    copied.reduce((sum, { log }) => sum + (log.size ?? 0), 0);
  const threads = threadCount(asked, tasks.length, bytes);
  // What no other thread can read, or is not worth one, is read here.
  const here = threads > 1 ? all.filter((item) => passable(item) === undefined) : all;
  const readHere = async () => {
    for (const item of here) {
      if (signal.aborted) return;
      done(await makePart({ ...task(item), runs: item.runs }, { progress, signal }), item.runs.length);
    }
  };
  const readThere = async () => {
    if (threads === 1) return;
    const script = new URL("./tables-worker.js", import.meta.url);
    const control = {
      ...{ progress, signal },
      done: (reason: string | undefined, task: number) => done(reason, tasks[task]?.runs.length ?? 0),
    };
    await runInWorkers<TablesTask, string | undefined>(tasks, threads, control, script);
  };
  try {
    await Promise.all([readHere(), readThere()]);
  } finally {
    stop.abort();
  }
  return outer.aborted ? "stopped before their end" : fault;
}

/** The runs of an item for another thread; undefined if a log is not a file. */
function passable({ runs }: WorkItem): TablesTask["runs"] | undefined {
  const files: TablesTask["runs"][number][] = [];
  for (const { log, validationLog, ...name } of runs) {
    if (log.path === undefined) return undefined;
    const file = { ...name, log: { path: log.path, name: log.name } };
    if (validationLog === undefined) files.push(file);
    else if (validationLog.path === undefined) return undefined;
    else files.push({ ...file, validationLog: { path: validationLog.path, name: validationLog.name } });
  }
  return files;
}
