/** The scores of an evaluation, from a file or from flags. */
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { readEvaluationFileName } from "../evaluation/naming/evaluation-file.js";
import { readFloat, readScores, type Scores } from "../evaluation/score-file.js";
import { metricOfKey, scaledMetrics } from "../evaluation/scores.js";
import { InputError } from "../io/input-error.js";
import { readable } from "../io/source.js";

/**
 * Reads a `.metrics.json`, or a `.metrics` of lines.
 *
 * @throws InputError if it can't be read, or holds no scores.
 */
export async function readScoreFile(path: string): Promise<Scores> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    throw new InputError(`${path}: ${readable(error).message}`);
  }
  const file = basename(path);
  try {
    // A file of any other name is taken for JSON.
    return readScores(
      readEvaluationFileName(/\.metrics(?:\.json)?$/.test(file) ? file : `${file}.metrics.json`),
      text,
    );
  } catch (error) {
    throw error instanceof InputError ? new InputError(`${path}: ${error.message}`) : error;
  }
}

/**
 * Reads `NAME=VALUE`; `bleu` is `bleu_detok`, and COMET is from 0 to 1, as in files.
 *
 * @throws InputError if one is not a file of scores.
 */
export function scoresOf(given: readonly string[]): Scores {
  const scores = new Map<string, number>();
  for (const text of given) {
    const [, name, value = ""] = /^([^=\s]+)=(.*)$/s.exec(text) ?? [];
    const score = readFloat(value);
    if (name === undefined || score === undefined)
      throw new InputError(`--metric '${text}': write NAME=NUMBER, for example chrf=58.1`);
    scores.set(metricOfKey(name), score);
  }
  return { metrics: scaledMetrics(scores), faults: [] };
}
