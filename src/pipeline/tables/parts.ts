/** The parts of the tables, made in threads. */
import { join } from "node:path";
import type { PartTablesSummary } from "../../publishers/tables/part-tables.js";
import { runInWorkers, threadCount } from "../worker-pool.js";
import { limitHeapGrowth } from "../young-objects.js";
import type { RowOptions, WorkItem } from "./items.js";
import { makePart, readPart } from "./part.js";
import type { TablesTask } from "./tables-worker.js";

/** How parts are made, watched and stopped. */
export interface PartsOptions extends RowOptions {
  readonly threads: number | undefined;
  readonly signal: AbortSignal;
  progress(bytes: number): void;
  runsDone?(runs: number): void;
}

/** A part that is there, with what it was made of. */
export interface ReadyPart {
  readonly item: WorkItem;
  readonly folder: string;
  readonly tables: PartTablesSummary;
}

/** The parts in `place` of these items, in their order; those that are not there are left out. */
export async function readParts(items: readonly WorkItem[], place: string): Promise<ReadyPart[]> {
  const parts: ReadyPart[] = [];
  for (const item of items) {
    const folder = join(place, item.digest);
    const tables = await readPart(folder);
    if (tables !== undefined) parts.push({ item, folder, tables });
  }
  return parts;
}

/**
 * Makes the parts that are not in `place` yet.
 *
 * @returns Why one could not be made, for the user; the others are given up then.
 */
export async function makeParts(
  items: readonly WorkItem[],
  place: string,
  { threads: asked, formats, compression, parser, signal: outer, progress, runsDone }: PartsOptions,
): Promise<string | undefined> {
  const pending = new Map(items.map((item) => [item.digest, item]));
  for (const { item } of await readParts(items, place)) {
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
  const task = ({ digest }: WorkItem) => ({ folder: join(place, digest), formats, compression, parser });
  const all = [...pending.values()];
  const tasks = all.flatMap((item): TablesTask[] => {
    const runs = passable(item);
    return runs === undefined ? [] : [{ ...task(item), runs }];
  });
  const bytes = all.reduce((sum, item) => sum + item.bytes, 0);
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
