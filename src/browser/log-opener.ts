/** Opens a log: in a worker where a page has one, else on its thread. */
import { LogParser } from "../core/log-parser.js";
import { openWebLog, type WebLogInput } from "../io/web-log.js";
import type { OpenLog, ReadOptions } from "./open-log.js";
import { PackedParser } from "./packed-parser.js";
import { ProgressCalls } from "./progress.js";
import type { Setup } from "./setup.js";
import { WorkerLog } from "./worker-log.js";
import { takeWorker } from "./workers.js";

/** Begins to read. */
export async function openLog(setup: Setup, input: WebLogInput, options: ReadOptions): Promise<OpenLog> {
  const { progress, signal, worker: wanted, ...parserOptions } = options;
  signal?.throwIfAborted();
  const { module, makeWorker } = await setup.tools();
  const log = await openWebLog(input, signal);
  const calls = new ProgressCalls(progress, log.size);
  try {
    if (wanted !== false && module !== undefined) {
      const parser = new PackedParser(parserOptions.timeZone);
      // Only what a worker needs: not everything that a page may put there can be sent.
      const patterns = (parserOptions.patterns ?? []).map(({ name, regex }) => ({ name, regex }));
      const { marks = false } = parserOptions;
      const worker = await takeWorker(makeWorker, log.packing);
      if (worker !== undefined)
        return new WorkerLog(worker, { module, patterns, marks }, log, parser, calls, signal);
    }
    const { LocalLog } = await import("./local-log.js");
    return new LocalLog(log, new LogParser(setup.core(), parserOptions), calls, signal);
  } catch (error) {
    log.chunks.return().catch(() => {});
    throw error;
  }
}
