/** A log on its way through a parser, in a worker or on the page's thread. */
import { type BatchParser, LogParser, type ParserOptions } from "../parser/log-parser.js";
import type { TimestampFormat } from "../parser/timestamp.js";
import { openWebLog, type WebLogInput } from "../sources/web-log.js";
import { PackedParser } from "./packed-parser.js";
import { type Progress, ProgressCalls } from "./progress.js";
import type { Setup } from "./setup.js";
import { WorkerLog } from "./worker-log.js";
import { takeWorker } from "./workers.js";

/** How a log is read in a page. */
export interface ReadOptions extends ParserOptions {
  /** Called about ten times a second, and at the end. */
  readonly progress?: (progress: Progress) => void;
  /** Ends the reading at once, the worker too; what was called throws the signal's reason. */
  readonly signal?: AbortSignal;
  /** `false` parses on the page's own thread. Without it, that happens only where a page can't have a worker. */
  readonly worker?: boolean;
}

/** A log that is being read. */
export interface OpenLog {
  /** Takes the chunks. Where a worker parses, they are what its parser gave. */
  readonly parser: BatchParser & { readonly time: TimestampFormat };
  /** Ends at the end of the log, and at a {@link fault}. */
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Why the log could not be read to its end. */
  readonly fault: Error | undefined;
  /** Whether its start holds a time. Known at the end. */
  readonly timed: boolean;
  /** Gives everything back; what still works is ended. The parser must have been asked for its last batch. */
  close(): void;
}

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
