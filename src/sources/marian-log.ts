/** Whether what was read is a log of Marian's. No Node API. */
import type { TrainingRun } from "../run/training-run.js";
import { InputError } from "./packing.js";

/**
 * The run, unless there is nothing of Marian's in what it was read from: no measurement, no start, and no line that begins
 * like one.
 *
 * @throws InputError, `empty` or `no-marian-log`.
 */
export function withMarian(run: TrainingRun): TrainingRun {
  const { bytes, training, validation, patterns, unmatched, starts } = run.tally.counts;
  if (bytes === 0) throw new InputError("the log is empty", { code: "empty" });
  if (training + validation + patterns + unmatched + starts === 0)
    throw new InputError("it holds no measurement of Marian's and no start: is this a training log?", {
      code: "no-marian-log",
    });
  return run;
}
