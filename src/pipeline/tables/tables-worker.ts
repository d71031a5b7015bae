/** A thread that makes parts of tables for the worker pool. */
import { statSync } from "node:fs";
import { parentPort } from "node:worker_threads";
import { FileSource } from "../../io/source.js";
import type { WorkerMessage } from "../worker-pool.js";
import { makePart, type PartTask } from "./part.js";

/** A log's file, and what the user calls it: a source that passes to another thread. */
export interface LogFile {
  readonly path: string;
  readonly name: string;
}

/** A part for a worker. */
export interface TablesTask extends Omit<PartTask, "runs"> {
  readonly runs: readonly (Omit<PartTask["runs"][number], "log" | "validationLog"> & {
    readonly log: LogFile;
    readonly validationLog?: LogFile;
  })[];
}

const stop = new AbortController();
const say = (message: WorkerMessage<string | undefined>) => parentPort?.postMessage(message);
const source = ({ path, name }: LogFile) =>
  new FileSource(path, statSync(path, { throwIfNoEntry: false }), name);

parentPort?.on("message", async (message: TablesTask | "stop") => {
  if (message === "stop") return stop.abort();
  const runs = message.runs.map(({ log, validationLog, ...run }) => ({
    ...run,
    log: source(log),
    ...(validationLog === undefined ? {} : { validationLog: source(validationLog) }),
  }));
  const progress = (bytes: number) => say({ progress: bytes });
  say({ receipt: await makePart({ ...message, runs }, { progress, signal: stop.signal }) });
});
