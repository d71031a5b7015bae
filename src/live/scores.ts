/** The scores of an evaluation, from a file or from flags. */
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { EvaluationError } from "../evaluation/errors.js";
import { scaledMetrics } from "../evaluation/metric-names.js";
import { readMetrics } from "../evaluation/metrics-file.js";
import { readMetricsJson } from "../evaluation/metrics-json.js";
import { readEvaluationFileName } from "../evaluation/naming/evaluation-file.js";
import { readFloat } from "../evaluation/python-float.js";
import { readable } from "../io/source.js";

/** Scores, and what of them could not be read, in words. */
export interface Scores {
  /** `bleu_detok`, `chrf`, `comet` (0 to 100) first, then every other one as it is called and scaled. */
  readonly metrics: ReadonlyMap<string, number>;
  readonly faults: readonly string[];
}

/**
 * Reads a `.metrics.json`, or a `.metrics` of lines.
 *
 * @throws EvaluationError when it can't be read, or holds no scores.
 */
export async function readScores(path: string): Promise<Scores> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    throw new EvaluationError(`${path}: ${readable(error).message}`);
  }
  const stem = basename(path).replace(/\.metrics\.json$/, "");
  try {
    if (path.endsWith(".metrics")) return { metrics: readMetrics(text), faults: [] };
    return readMetricsJson(text, readEvaluationFileName(stem, true).metric);
  } catch (error) {
    throw error instanceof EvaluationError ? new EvaluationError(`${path}: ${error.message}`) : error;
  }
}

/**
 * Reads `NAME=VALUE`; `bleu` is `bleu_detok`, and COMET is from 0 to 1, as in files.
 *
 * @throws EvaluationError when one is none.
 */
export function scoresOf(given: readonly string[]): Scores {
  const scores = new Map<string, number>();
  for (const text of given) {
    const [, name, value = ""] = /^([^=\s]+)=(.*)$/s.exec(text) ?? [];
    const score = readFloat(value);
    if (name === undefined || score === undefined)
      throw new EvaluationError(`--metric '${text}': write NAME=NUMBER, for example chrf=58.1`);
    scores.set(name === "bleu" ? "bleu_detok" : name, score);
  }
  return { metrics: scaledMetrics(scores), faults: [] };
}
