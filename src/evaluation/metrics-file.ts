/** `.metrics` files: BLEU, chrF and, in newer ones, COMET, a line each. */
import { EvaluationError } from "./errors.js";
import { scaledMetrics } from "./metric-names.js";
import { readFloat } from "./python-float.js";

/**
 * Reads a `.metrics` file: `bleu_detok`, `chrf` and, where there is a third number, `comet` (0 to 100). Lines that are
 * no number are left aside: some versions of sacreBLEU add advice.
 *
 * @throws EvaluationError when it doesn't hold two or three numbers.
 */
export function readMetrics(text: string): ReadonlyMap<string, number> {
  const scores = text
    .split(/\r\n|\r|\n/)
    .map(readFloat)
    .filter((score) => score !== undefined);
  const [bleu, chrf, comet] = scores;
  if (bleu === undefined || chrf === undefined || scores.length > 3) {
    const count = scores.length === 1 ? "1 number" : `${scores.length || "no"} numbers`;
    throw new EvaluationError(
      `a .metrics file has 2 or 3 lines that are a number (BLEU, chrF and COMET); this one has ${count}`,
    );
  }
  const given: [string, number][] = [
    ["bleu_detok", bleu],
    ["chrf", chrf],
  ];
  if (comet !== undefined) given.push(["comet", comet]);
  return scaledMetrics(new Map(given));
}
