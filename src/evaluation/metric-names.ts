/** Names of metrics, in the order of the tables. */
import type { Evaluation } from "./evaluation.js";

/** The metrics that every table of evaluations has, whether or not they were measured. */
const ALWAYS = ["bleu_detok", "chrf", "comet"] as const;

/** The columns of a table of evaluations: `bleu_detok`, `chrf`, `comet`, then every other metric by name. */
export function metricNames(evaluations: Iterable<Pick<Evaluation, "metrics">>): string[] {
  const others = new Set<string>();
  for (const { metrics } of evaluations) for (const name of metrics.keys()) others.add(name);
  for (const name of ALWAYS) others.delete(name);
  return [...ALWAYS, ...[...others].sort()];
}

/** Scores in the order of the tables. */
export function inTableOrder(metrics: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  const names = metricNames([{ metrics }]);
  return new Map(names.flatMap((name) => [...metrics].filter(([other]) => other === name)));
}

/** Scores in the order of the tables and as they are published: COMET, 0 to 1 in files, from 0 to 100. */
export function scaledMetrics(scores: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  const metrics = new Map<string, number>();
  for (const name of [...ALWAYS, ...scores.keys()]) {
    const score = scores.get(name);
    if (score !== undefined) metrics.set(name, name === "comet" ? score * 100 : score);
  }
  return metrics;
}
