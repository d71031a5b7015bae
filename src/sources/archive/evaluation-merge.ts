/** Makes one evaluation of all files that hold scores of one model on one dataset. */
import type { Evaluation } from "../../evaluation/evaluation.js";
import { metricNames } from "../../evaluation/metric-names.js";
import type { Problem } from "../../group/group.js";
import { evaluationTitle } from "../../naming/dataset.js";
import type { EvaluationFile } from "./group-files.js";

/** What a file of scores held, or why it could not be read. */
export interface ReadEvaluation {
  readonly file: EvaluationFile;
  readonly metrics?: ReadonlyMap<string, number>;
  readonly fault?: string;
  /** What else is to be said of it. */
  readonly remarks?: readonly string[];
}

/** `.metrics.json` has every metric with all its digits, `.metrics` has COMET, logs have BLEU and chrF only. */
const KINDS: readonly EvaluationFile["kind"][] = ["metrics.json", "metrics", "log"];

/** BLEU, chrF and COMET are printed with one digit behind the point in some files and with more in others. */
const ROUNDING: ReadonlyMap<string, number> = new Map([
  ["bleu_detok", 0.05],
  ["chrf", 0.05],
  ["comet", 0.05],
]);
const EPSILON = 1e-9;

/**
 * Each evaluation (run, importer, dataset, augmentation) once: those of a run together, both in the order in which
 * they first come. Of several files the one of the best kind counts ({@link KINDS}; of one kind the first), and the
 * others add the metrics that it lacks. A file with other values than that one's adds nothing, because a row of two
 * measurements is nobody's; that is a warning. A file that can't be read is a failure, or a warning where another has
 * the evaluation.
 */
export function mergeEvaluations(read: readonly ReadEvaluation[], problems: Problem[]): Evaluation[] {
  const runs = new Map<string, Map<string, ReadEvaluation[]>>();
  for (const one of read) {
    const { run, importer, dataset, augmentation } = one.file;
    const datasets = runs.get(run) ?? new Map<string, ReadEvaluation[]>();
    runs.set(run, datasets);
    const key = JSON.stringify([importer, dataset, augmentation]);
    datasets.set(key, [...(datasets.get(key) ?? []), one]);
  }
  const evaluations: Evaluation[] = [];
  for (const datasets of runs.values()) {
    for (const same of datasets.values()) {
      const evaluation = mergeOne(same, problems);
      if (evaluation !== undefined) evaluations.push(evaluation);
    }
  }
  return evaluations;
}

function mergeOne(same: readonly ReadEvaluation[], problems: Problem[]): Evaluation | undefined {
  const inOrder = [...same].sort((a, b) => KINDS.indexOf(a.file.kind) - KINDS.indexOf(b.file.kind));
  const best = inOrder.find(({ metrics }) => metrics !== undefined);
  for (const { file, fault, remarks = [] } of inOrder) {
    for (const reason of remarks) problems.push({ source: file.name, reason, severity: "warning" });
    if (fault === undefined) continue;
    problems.push(
      best === undefined
        ? { source: file.name, reason: fault, severity: "failure" }
        : {
            source: file.name,
            reason: `${fault}; ${best.file.name} has the evaluation`,
            severity: "warning",
          },
    );
  }
  if (best?.metrics === undefined) return undefined;
  const metrics = new Map(best.metrics);
  for (const { file, metrics: others } of inOrder) {
    if (others === undefined || others === best.metrics) continue;
    const different = [...others].filter(([name, score]) => isDifferent(name, score, metrics.get(name)));
    if (different.length === 0) {
      for (const [name, score] of others) if (!metrics.has(name)) metrics.set(name, score);
      continue;
    }
    const values = different.map(([name, score]) => `${name} ${score} (there ${metrics.get(name)})`);
    const what = `${file.run} on ${evaluationTitle(file)}`;
    const reason = `other scores of ${what} than in ${best.file.name}, which counts: ${values.join(", ")}`;
    problems.push({ source: file.name, reason, severity: "warning" });
  }
  const { run, importer, dataset, augmentation, name } = best.file;
  return { model: run, importer, dataset, augmentation, metrics: inTableOrder(metrics), source: name };
}

function inTableOrder(metrics: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  const names = metricNames([{ metrics }]);
  return new Map(names.flatMap((name) => [...metrics].filter(([other]) => other === name)));
}

function isDifferent(name: string, score: number, counted: number | undefined): boolean {
  if (counted === undefined || Object.is(score, counted)) return false;
  return !(Math.abs(score - counted) <= (ROUNDING.get(name) ?? 0) + EPSILON);
}
