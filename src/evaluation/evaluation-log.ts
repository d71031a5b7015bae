/** Logs of evaluations, in which the shell prints its commands and sacreBLEU its scores. */
import { EvaluationError } from "./errors.js";
import { readFloat } from "./python-float.js";

/** The scores follow a command of the pipe, whichever the shell printed last, or a remark of sacreBLEU. */
const BEFORE_SCORES = /^(?:\+ (?:tee |sacrebleu |.*\/marian-decoder )|sacreBLEU:)/;

/** What Taskcluster puts before each line. */
const STAMP = /^\[task [^\]]*\]/;

/**
 * Reads the log of an evaluation: `bleu_detok` and `chrf`, from the first two lines of only a number that follow a
 * command of the evaluation. COMET is never in such a log, and evaluations that write `.metrics.json` print no scores.
 *
 * @throws EvaluationError when there are none.
 */
export function readEvaluationLog(text: string): ReadonlyMap<string, number> {
  let before = "";
  let bleu: number | undefined;
  for (const line of text.split(/\r\n|\r|\n/)) {
    const words = line.replace(STAMP, "").trim();
    const score = readFloat(words);
    if (score === undefined) {
      before = words;
      bleu = undefined;
    } else if (bleu !== undefined) {
      return new Map([
        ["bleu_detok", bleu],
        ["chrf", score],
      ]);
    } else if (BEFORE_SCORES.test(before)) {
      bleu = score;
    }
  }
  throw new EvaluationError(
    "the log of the evaluation has no scores: two lines of only a number (BLEU and chrF) after a command of sacreBLEU, tee or marian-decoder",
  );
}
