/** Several inputs at once, each in a thread of its own. */
import { availableParallelism } from "node:os";
import type { Worker } from "node:worker_threads";
import type { InputLocation } from "../archive/input-source.js";
import type { ParserOptions } from "../core/log-parser.js";
import { withinDescriptors } from "../io/open-files.js";
import { type FileFormat, filePublisher } from "../publishers/files.js";
import type { Compression } from "../publishers/tables/compression.js";
import type { UpdatePublisher } from "../publishers/update-publisher.js";
import type { InputReceipt } from "./input-receipt.js";

/** An input for a worker. */
export interface WorkerTask {
  readonly source: string;
  /** Where to read it; absent if its name is its path. */
  readonly place?: InputLocation;
  /** Of its files; undefined if it gets none. */
  readonly folder: string | undefined;
  readonly format: FileFormat;
  /** Of Parquet; Snappy by default. */
  readonly compression: Compression | undefined;
  readonly options: ParserOptions;
  /** Of the program. */
  readonly version: string;
  readonly silentAfter: number | undefined;
}

/** The files of an input. */
export async function ownPublishers({
  folder,
  format,
  compression,
  options: { patterns = [] },
  version,
}: Pick<WorkerTask, "folder" | "format" | "compression" | "options" | "version">): Promise<
  UpdatePublisher[]
> {
  if (folder === undefined) return [];
  return [await filePublisher(folder, format, { patterns: patterns.length > 0, version, compression })];
}

/** What a worker says. */
export type WorkerMessage<Receipt = InputReceipt> =
  | { readonly progress: number }
  | { readonly receipt: Receipt };

/** Starting a thread costs about as much CPU as reading this many bytes. */
const WORTH_A_THREAD = 16e6;
/** Files that a thread has open: its event loop's, and those of its modules while they are loaded. */
const FILES_PER_THREAD = 24;

/** How many threads the work is worth; 1 means none besides this one. */
export function threadCount(asked: number | undefined, inputs: number, bytes: number): number {
  const wanted = asked ?? Math.min(availableParallelism(), Math.floor(bytes / WORTH_A_THREAD));
  return withinDescriptors(Math.min(wanted, inputs), FILES_PER_THREAD);
}

/** Most of what a thread makes is garbage at once: V8's 48 MB for that are not quicker, and memory is per core. */
const YOUNG = 24;

/**
 * Runs the tasks and returns their receipts in the tasks' order.
 *
 * @param script What a thread runs: it answers each task by progress and a receipt.
 */
export async function runInWorkers<Task = WorkerTask, Receipt = InputReceipt>(
  tasks: readonly Task[],
  threads: number,
  control: {
    progress(bytes: number): void;
    /** Called with each receipt and the number of its task. */
    done?(receipt: Receipt, task: number): void;
    readonly signal: AbortSignal;
  },
  script: URL = new URL("./parse-worker.js", import.meta.url),
): Promise<Receipt[]> {
  const { Worker } = await import("node:worker_threads");
  const receipts: Receipt[] = [];
  let next = 0;
  await Promise.all(
    Array.from({ length: threads }, async () => {
      const worker = new Worker(script, { resourceLimits: { maxYoungGenerationSizeMb: YOUNG } });
      const stop = () => worker.postMessage("stop");
      control.signal.addEventListener("abort", stop);
      try {
        while (next < tasks.length && !control.signal.aborted) {
          const index = next++;
          const receipt = await runTask<Task, Receipt>(worker, tasks[index] as Task, control.progress);
          receipts[index] = receipt;
          control.done?.(receipt, index);
        }
      } finally {
        control.signal.removeEventListener("abort", stop);
        await worker.terminate();
      }
    }),
  );
  return receipts.filter((receipt) => receipt !== undefined);
}

function runTask<Task, Receipt>(
  worker: Worker,
  task: Task,
  progress: (bytes: number) => void,
): Promise<Receipt> {
  return new Promise((resolve, reject) => {
    const done = () => {
      worker.off("message", onMessage);
      worker.off("error", onError);
    };
    const onMessage = (message: WorkerMessage<Receipt>) => {
      if ("progress" in message) return progress(message.progress);
      done();
      resolve(message.receipt);
    };
    const onError = (error: unknown) => {
      done();
      reject(error);
    };
    worker.on("message", onMessage);
    worker.on("error", onError);
    worker.postMessage(task);
  });
}
