/** The thread that reads logs, so that the page stays fluid. */
import { inputRun } from "./input-run.js";
import type { WorkerAnswer, WorkerQuestion } from "./worker-messages.js";

let stop = new AbortController();
const say = (answer: WorkerAnswer) => postMessage(answer);

addEventListener("message", async ({ data }: MessageEvent<WorkerQuestion>) => {
  if (data.type === "stop") return stop.abort();
  stop = new AbortController();
  const { core, file, source } = data;
  const progress = (bytes: number) => say({ type: "progress", bytes });
  try {
    say({ type: "run", ...(await inputRun(core, file, source, { progress, signal: stop.signal })) });
  } catch (error) {
    say({ type: "fault", reason: error instanceof Error ? error.message : String(error) });
  }
});
