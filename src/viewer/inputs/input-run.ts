/** Reads one log that the user opened. */
import { PageLog } from "../../browser/page-log.js";
import { instantiateCore } from "../../core/core.js";
import { LogParser } from "../../core/log-parser.js";
import { InputError } from "../../io/input-error.js";
import { openWebLog } from "../../io/web-log.js";
import { type Progress, ProgressCalls } from "../../library/open-log.js";
import { RunCollector } from "../../report/run-collector.js";
import { pairOfPath } from "../../report/run-names.js";
import { isDeadTraining } from "../../run/dead-training.js";
import { RunReader } from "../../run/run-reader.js";
import {
  type InputProblem,
  problemText,
  unreadable,
  type WorkerAnswer,
  type WorkerRequest,
} from "./worker-messages.js";

/** Reads a log as far as possible: a damaged one gives what came before the damage. Returns undefined for a tar. */
export async function inputRun(
  { core, file, source, fromFolder }: Extract<WorkerRequest, { type: "read" }>,
  progress: (progress: Progress) => void,
  signal: AbortSignal,
): Promise<Extract<WorkerAnswer, { type: "run" | "no-run" }> | undefined> {
  // An abort becomes the log's error.
  const opened = await openWebLog(file, signal);
  const parser = new LogParser(
    instantiateCore(() => core),
    { marks: true },
  );
  const log = new PageLog(opened, parser, new ProgressCalls(progress, file.size), undefined);
  try {
    const reader = new RunReader(parser);
    const collector = new RunCollector(parser.time);
    for await (const chunk of log.chunks) {
      collector.take(await reader.read(chunk));
      if (signal.aborted) break;
    }
    if (log.error instanceof InputError && log.error.code === "tar") return undefined;
    let problem: InputProblem | undefined;
    // A log whose reading was stopped is not damaged.
    if (signal.aborted) problem = { code: "stopped" };
    else if (log.error !== undefined) problem = unreadable(log.error);
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
    log.close();
  }
}
