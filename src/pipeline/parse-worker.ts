/** A thread that reads inputs for the worker pool. */
import { parentPort } from "node:worker_threads";
import { fileSource, locateInput } from "../archive/input-source.js";
import { filePublisher } from "../publishers/files.js";
import { publishLog } from "./publish-log.js";
import type { WorkerMessage, WorkerTask } from "./worker-pool.js";

const stop = new AbortController();
const say = (message: WorkerMessage) => parentPort?.postMessage(message);

parentPort?.on("message", async (message: WorkerTask | "stop") => {
  if (message === "stop") return stop.abort();
  const { source, place, folder, format, options, version } = message;
  if (place !== undefined) locateInput(source, place);
  const patterns = (options.patterns?.length ?? 0) > 0;
  const files = filePublisher(folder, format, { patterns, version });
  const progress = (bytes: number) => say({ progress: bytes });
  say({ receipt: await publishLog(fileSource(source), options, [files], { progress, signal: stop.signal }) });
});
