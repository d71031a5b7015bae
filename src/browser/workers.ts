/** The pool of idle workers. */
import type { Packing } from "../io/packed/packing.js";
import type { MakeWorker } from "../library/library.js";
import type { FromWorker } from "./messages.js";

/** Milliseconds that an idle worker is kept: starting one takes longer than reading a short log. */
const KEEP = 5_000;

const idle = { zstd: new Map<Worker, number>(), other: new Map<Worker, number>() };
const poolOf = (packing: Packing | "plain") => (packing === "zstd" ? idle.zstd : idle.other);
/** Functions that failed to make a worker. */
const failing = new WeakSet<MakeWorker>();

/**
 * Returns a running worker: an idle one, or a new one. Returns undefined if this page can't have one: it has no `Worker`,
 * its policy forbids it, or the script is missing.
 */
export async function takeWorker(
  make: MakeWorker | undefined,
  packing: Packing | "plain",
): Promise<Worker | undefined> {
  const pool = poolOf(packing);
  for (const [worker, end] of pool) {
    clearTimeout(end);
    pool.delete(worker);
    return worker;
  }
  if (make === undefined || failing.has(make) || typeof Worker === "undefined") return undefined;
  const worker = await startedWorker(make, packing);
  if (worker === undefined) failing.add(make);
  return worker;
}

/** Returns a worker that has read its log to the end to the pool. */
export function giveBack(worker: Worker, packing: Packing | "plain"): void {
  const pool = poolOf(packing);
  worker.onmessage = null;
  worker.onerror = null;
  const end = setTimeout(() => {
    pool.delete(worker);
    worker.terminate();
  }, KEEP);
  pool.set(worker, end as unknown as number);
}

function startedWorker(make: MakeWorker, packing: Packing | "plain"): Promise<Worker | undefined> {
  return new Promise((resolve) => {
    let worker: Worker;
    try {
      worker = make(packing);
    } catch {
      // The script comes from another origin.
      return resolve(undefined);
    }
    worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
      if (data.type === "ready") resolve(worker);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      worker.terminate();
      resolve(undefined);
    };
  });
}
