/** Reads one log that the user opened. */
import { instantiateCore } from "../../core/core.js";
import { LogParser } from "../../core/log-parser.js";
import { webChunks } from "../../io/web-chunks.js";
import { isDeadTraining } from "../../report/log-selection.js";
import type { ReportRun } from "../../report/report-data.js";
import { RunCollector } from "../../report/run-collector.js";
import { pairOfPath } from "../../report/run-names.js";
import { RunReader } from "../../run/run-reader.js";
import { NO_MEASUREMENT, STOPPED } from "./worker-messages.js";

/** How the reading is watched and stopped. */
export interface ReadControl {
  /** Called with the bytes read up to now, as stored. */
  progress(bytes: number): void;
  readonly signal: AbortSignal;
}

/** What a log is called, and whether it came with a folder and so was not meant one by one. */
export interface InputName {
  readonly source: string;
  readonly fromFolder: boolean;
}

/** What came of a log: a run, or why there is none. A log that is damaged further on gives what came before. */
export interface InputRun {
  readonly run: ReportRun | undefined;
  readonly problem?: string;
}

/** Progress is told once for so many bytes. */
const STEP = 1 << 22;
/** Milliseconds of work after which messages get a turn. */
const TURN = 30;

export async function inputRun(
  core: BufferSource,
  file: Blob,
  { source, fromFolder }: InputName,
  control: ReadControl,
): Promise<InputRun> {
  // Not `using`, which needs a symbol that not every browser has.
  const parser = new LogParser(
    instantiateCore(() => core),
    { marks: true },
  );
  try {
    return await readRun(parser, file, { source, fromFolder }, control);
  } finally {
    parser.free();
  }
}

async function readRun(
  parser: LogParser,
  file: Blob,
  { source, fromFolder }: InputName,
  control: ReadControl,
): Promise<InputRun> {
  const reader = new RunReader(parser);
  const collector = new RunCollector(parser.time);
  let fault: string | undefined;
  let turned = performance.now();
  try {
    for await (const chunk of webChunks(counted(file, control))) {
      collector.take(await reader.read(chunk));
      if (performance.now() - turned >= TURN) {
        await turn();
        turned = performance.now();
      }
      if (control.signal.aborted) break;
    }
  } catch (error) {
    fault = error instanceof Error ? error.message : String(error);
  }
  // What ends because it was stopped is not damaged.
  if (control.signal.aborted) fault = STOPPED;
  collector.take(await reader.finish());
  const { tally } = reader;
  const { counts } = tally;
  const project = pairOfPath(source);
  const place = { name: source, source, ...(project === undefined ? {} : { project }) };
  const run = collector.finish(place, tally, fault);
  if (counts.training + counts.validation > 0 || isDeadTraining(run, fromFolder)) return { run };
  if (fault !== undefined) return { run: undefined, problem: fault };
  return { run: undefined, problem: counts.bytes === 0 ? "the file is empty" : NO_MEASUREMENT };
}

/**
 * Waits for a task of its own: chunks that are ready come one after the other without one, and messages to this thread
 * would wait until the file ends.
 */
function turn(): Promise<void> {
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
  let told = 0;
  const stream = file.stream().getReader();
  // Also where a read waits for a slow disk.
  signal.addEventListener("abort", () => void stream.cancel().catch(() => {}), { once: true });
  try {
    for (;;) {
      const { done, value } = await stream.read();
      if (done || signal.aborted) return;
      read += value.length;
      if (read - told >= STEP) {
        told = read;
        progress(read);
      }
      yield value;
    }
  } finally {
    await stream.cancel().catch(() => {});
  }
}
