/** Several inputs at once, each in a thread of its own. */
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { ParserOptions } from "../parser/log-parser.js";
import type { InputReceipt } from "./parse-job.js";

/** An input for a worker. */
export interface WorkerTask {
  readonly source: string;
  readonly folder: string;
  readonly format: "csv" | "ndjson";
  readonly options: ParserOptions;
}

/** What a worker says. */
export type WorkerMessage = { readonly progress: number } | { readonly receipt: InputReceipt };

/** Starting a thread costs about as much CPU as reading this many bytes. */
const WORTH_A_THREAD = 16e6;

/** How many threads the work is worth; 1 means none besides this one. */
export function threadCount(asked: number | undefined, inputs: number, bytes: number): number {
  const wanted = asked ?? Math.min(availableParallelism(), Math.floor(bytes / WORTH_A_THREAD));
  return Math.max(1, Math.min(wanted, inputs));
}

/** Runs the tasks and returns their receipts in the tasks' order. */
export async function runInWorkers(
  tasks: readonly WorkerTask[],
  threads: number,
  control: { progress(bytes: number): void; readonly signal: AbortSignal },
): Promise<InputReceipt[]> {
  const receipts: InputReceipt[] = [];
  let next = 0;
  await Promise.all(
    Array.from({ length: threads }, async () => {
      const worker = new Worker(new URL("./parse-worker.js", import.meta.url));
      const stop = () => worker.postMessage("stop");
      control.signal.addEventListener("abort", stop);
      try {
        while (next < tasks.length && !control.signal.aborted) {
          const index = next++;
          receipts[index] = await runTask(worker, tasks[index] as WorkerTask, control.progress);
        }
      } finally {
        control.signal.removeEventListener("abort", stop);
        await worker.terminate();
      }
    }),
  );
  return receipts.filter((receipt) => receipt !== undefined);
}

function runTask(worker: Worker, task: WorkerTask, progress: (bytes: number) => void): Promise<InputReceipt> {
  return new Promise((resolve, reject) => {
    const done = () => {
      worker.off("message", onMessage);
      worker.off("error", onError);
    };
    const onMessage = (message: WorkerMessage) => {
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
