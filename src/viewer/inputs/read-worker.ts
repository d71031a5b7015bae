/** The thread that reads logs, so that the page stays fluid. */
import { buffersOf } from "../../report/table.js";
import { inputRun } from "./input-run.js";
import { inputTar } from "./input-tar.js";
import type { WorkerAnswer, WorkerQuestion } from "./worker-messages.js";

let stop = new AbortController();
const say = (answer: WorkerAnswer, transfer: ArrayBuffer[] = []) => postMessage(answer, { transfer });

addEventListener("message", async ({ data }: MessageEvent<WorkerQuestion>) => {
  if (data.type === "stop") return stop.abort();
  stop = new AbortController();
  const { core, file } = data;
  const progress = (bytes: number) => say({ type: "progress", bytes });
  try {
    const tar = await inputTar(file, stop.signal);
    if (tar !== undefined) return say({ type: "tar", ...tar });
    const answer = await inputRun(core, file, data, { progress, signal: stop.signal });
    const { run } = answer;
    const tables =
      run === undefined ? [] : [run.training, ...run.validation.values(), ...run.patterns.values()];
    say({ type: "run", ...answer }, tables.flatMap(buffersOf));
  } catch (error) {
    say({ type: "fault", reason: error instanceof Error ? error.message : String(error) });
  }
});
