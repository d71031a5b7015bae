/** Scores by metric: their order, their scale, and the union of several files. */
import type { Evaluation } from "./evaluation.js";

/** The metrics that come first, in this order. Tables of several evaluations have them, measured or not. */
export const MAIN_METRICS = ["bleu_detok", "chrf", "comet"] as const;

/** BLEU, chrF and COMET are printed with one decimal in some files and with more in others. */
const ROUNDING = 0.05;
const EPSILON = 1e-9;

/** A metric's name in tables, by its key in files and flags. */
export function metricOfKey(key: string): string {
  return key === "bleu" ? "bleu_detok" : key;
}

/** The metrics as columns: the main ones, then every other metric by name. */
export function orderedMetrics(metrics: Iterable<string>): string[] {
  const others = new Set(metrics);
  for (const name of MAIN_METRICS) others.delete(name);
  return [...MAIN_METRICS, ...[...others].sort()];
}

/** {@link orderedMetrics} of evaluations. */
export function metricNames(evaluations: readonly Pick<Evaluation, "metrics">[]): string[] {
  return orderedMetrics(evaluations.flatMap(({ metrics }) => [...metrics.keys()]));
}

/** Sorts scores as {@link orderedMetrics} does. */
export function inTableOrder(metrics: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  const names = orderedMetrics(metrics.keys());
  return new Map([...metrics].sort(([one], [other]) => names.indexOf(one) - names.indexOf(other)));
}

/** Puts BLEU, chrF and COMET first and scales COMET, which files have from 0 to 1, to 0 to 100. */
export function scaledMetrics(scores: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  const metrics = new Map<string, number>();
  for (const name of [...MAIN_METRICS, ...scores.keys()]) {
    const score = scores.get(name);
    if (score !== undefined) metrics.set(name, name === "comet" ? timesHundred(score) : score);
  }
  return metrics;
}

/** The product with 100 as a decimal: 0.8109 becomes 81.09, and not 81.08999999999999. */
function timesHundred(value: number): number {
  const [digits, exponent] = value.toExponential().split("e");
  return exponent === undefined ? value : Number(`${digits}e${Number(exponent) + 2}`);
}

/** Describes each score that contradicts the one that counts: `chrf 61.2 (there 58)`. */
export function otherScores(
  counted: ReadonlyMap<string, number>,
  scores: ReadonlyMap<string, number>,
): string[] {
  return [...scores]
    .filter(([name, score]) => isDifferent(name, score, counted.get(name)))
    .map(([name, score]) => `${name} ${score} (there ${counted.get(name)})`);
}

/** Adds the scores of metrics that are not counted yet. */
export function addScores(counted: Map<string, number>, scores: ReadonlyMap<string, number>): void {
  for (const [name, score] of scores) if (!counted.has(name)) counted.set(name, score);
}

function isDifferent(name: string, score: number, counted: number | undefined): boolean {
  if (counted === undefined || Object.is(score, counted)) return false;
  const tolerance = MAIN_METRICS.some((known) => known === name) ? ROUNDING : 0;
  return !(Math.abs(score - counted) <= tolerance + EPSILON);
}
