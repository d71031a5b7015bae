/** A thread that reads inputs for the worker pool. */
import { parentPort } from "node:worker_threads";
import { fileSource, locateInput } from "../archive/input-source.js";
import { publishLog } from "./publish-log.js";
import { ownPublishers, type WorkerMessage, type WorkerTask } from "./worker-pool.js";

const stop = new AbortController();
const say = (message: WorkerMessage) => parentPort?.postMessage(message);

parentPort?.on("message", async (message: WorkerTask | "stop") => {
  if (message === "stop") return stop.abort();
  const { source, place, options, silentAfter } = message;
  if (place !== undefined) locateInput(source, place);
  const progress = (bytes: number) => say({ progress: bytes });
  const control = { progress, signal: stop.signal, silentAfter };
  say({ receipt: await publishLog(fileSource(source), options, await ownPublishers(message), control) });
});
