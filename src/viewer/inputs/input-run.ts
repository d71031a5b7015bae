/** Reads one log that the user opened. */
import { instantiateCore } from "../../core/core.js";
import { LogParser } from "../../core/log-parser.js";
import { webChunks } from "../../io/web-chunks.js";
import { isDeadTraining } from "../../report/log-selection.js";
import { RunCollector } from "../../report/run-collector.js";
import { pairOfPath } from "../../report/run-names.js";
import { RunReader } from "../../run/run-reader.js";
import { type InputProblem, problemText, unreadable, type WorkerAnswer } from "./worker-messages.js";

/** Reports progress and stops the reading. */
export interface ReadControl {
  /** Called with the bytes read up to now, as stored. */
  progress(bytes: number): void;
  readonly signal: AbortSignal;
}

/** Bytes between two reports of progress. */
const STEP = 1 << 22;
/** Milliseconds of work after which messages are handled. */
const PAUSE_AFTER = 30;

/** A log is read as far as possible: a damaged one gives what came before the damage. */
export async function inputRun(
  core: BufferSource,
  file: Blob,
  { source, fromFolder }: { readonly source: string; readonly fromFolder: boolean },
  control: ReadControl,
): Promise<Extract<WorkerAnswer, { type: "run" | "no-run" }>> {
  // Not `using`, which needs a symbol that not every browser has.
  const parser = new LogParser(
    instantiateCore(() => core),
    { marks: true },
  );
  try {
    const reader = new RunReader(parser);
    const collector = new RunCollector(parser.time);
    let problem: InputProblem | undefined;
    let paused = performance.now();
    try {
      for await (const chunk of webChunks(counted(file, control))) {
        collector.take(await reader.read(chunk));
        if (performance.now() - paused >= PAUSE_AFTER) {
          await nextTask();
          paused = performance.now();
        }
        if (control.signal.aborted) break;
      }
    } catch (error) {
      problem = unreadable(error);
    }
    // A log whose reading was stopped is not damaged.
    if (control.signal.aborted) problem = { code: "stopped" };
    collector.take(await reader.finish());
    const { tally } = reader;
    const { counts } = tally;
    const project = pairOfPath(source);
    const place = { name: source, source, ...(project === undefined ? {} : { project }) };
    const run = collector.finish(place, tally, problem && problemText(problem));
    if (counts.training + counts.validation > 0 || isDeadTraining(run, fromFolder))
      return { type: "run", run };
    problem ??= { code: counts.bytes === 0 ? "empty" : "no-marian-log" };
    return { type: "no-run", problem };
  } finally {
    parser.free();
  }
}

/**
 * Waits for the next task of this thread. Chunks that are ready come without one, and messages to this thread would wait
 * until the file ends.
 */
function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}

async function* counted(file: Blob, { progress, signal }: ReadControl): AsyncGenerator<Uint8Array> {
  let read = 0;
  let reported = 0;
  const stream = file.stream().getReader();
  // Even while a read waits for a slow disk.
  signal.addEventListener("abort", () => void stream.cancel().catch(() => {}), { once: true });
  try {
    for (;;) {
      const { done, value } = await stream.read();
      if (done || signal.aborted) return;
      read += value.length;
      if (read - reported >= STEP) {
        reported = read;
        progress(read);
      }
      yield value;
    }
  } finally {
    await stream.cancel().catch(() => {});
  }
}
