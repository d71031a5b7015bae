/** Logs of evaluations: the shell prints its commands, sacreBLEU its scores. */
import type { CoreModule } from "../core/core.js";
import { readLineStarts } from "../core/line-start.js";
import { InputError } from "../io/input-error.js";
import { readFloat } from "./score-file.js";

/** The scores follow the command of the pipe that the shell printed last, or a message of sacreBLEU. */
const BEFORE_SCORES = /^(?:\+ (?:tee |sacrebleu |.*\/marian-decoder )|sacreBLEU:)/;

/**
 * Reads `bleu_detok` and `chrf`: the first two lines of only a number that follow a command of the evaluation. Such a
 * log never has COMET, and evaluations that write `.metrics.json` print no scores.
 *
 * @param core Finds the prefixes of Taskcluster.
 * @throws InputError if the log has no scores.
 */
export function readEvaluationLog(text: string, core: CoreModule): ReadonlyMap<string, number> {
  let before = "";
  let bleu: number | undefined;
  const lines = text.split(/\r\n|\r|\n/);
  const starts = readLineStarts(core, new TextEncoder().encode(lines.join("\n")));
  for (const [index, line] of lines.entries()) {
    const text = line.slice(starts[index]?.prefix).trim();
    const score = readFloat(text);
    if (score === undefined) {
      before = text;
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
  throw new InputError(
    "the log of the evaluation has no scores: two lines of only a number (BLEU and chrF) after a command of sacreBLEU, tee or marian-decoder",
  );
}
