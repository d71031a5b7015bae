/** The worker that reads files, so that the page stays responsive. */

import { kindOfName } from "../../io/file-name.js";
import { tarMembers } from "../../io/packed/tar-members.js";
import { webChunks } from "../../io/web-chunks.js";
import type { Progress } from "../../library/open-log.js";
import { buffersOf } from "../../report/table.js";
import { inputRun } from "./input-run.js";
import { type TarMember, unreadable, type WorkerAnswer, type WorkerRequest } from "./worker-messages.js";

let stop = new AbortController();
const answer = (message: WorkerAnswer, transfer: ArrayBuffer[] = []) => postMessage(message, { transfer });

addEventListener("message", async ({ data }: MessageEvent<WorkerRequest>) => {
  if (data.type === "stop") return stop.abort();
  stop = new AbortController();
  const { signal } = stop;
  try {
    const progress = ({ bytes }: Progress) => answer({ type: "progress", bytes });
    const read = (await inputRun(data, progress, signal)) ?? (await readTar(data.file, signal));
    if (read.type !== "run") return answer(read);
    const { training, validation, patterns } = read.run;
    answer(read, [training, ...validation.values(), ...patterns.values()].flatMap(buffersOf));
  } catch (error) {
    answer({ type: "no-run", problem: unreadable(error) });
  }
});

/** The files of a tar, packed or not, that are named like logs or evaluations. */
async function readTar(file: Blob, signal: AbortSignal): Promise<WorkerAnswer> {
  const members: TarMember[] = [];
  try {
    const isWanted = (name: string) => kindOfName(name) !== undefined;
    for await (const { name, parts } of tarMembers(webChunks(file, signal), isWanted)) {
      members.push({ name, content: new Blob([...parts]) });
      if (signal.aborted) break;
    }
  } catch (error) {
    return { type: "tar", members, problem: unreadable(error) };
  }
  return { type: "tar", members, ...(members.length > 0 ? {} : { problem: { code: "empty-tar" } }) };
}
