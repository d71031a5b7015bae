import type { Evaluation } from "../evaluation/evaluation.js";
import { evaluationTitle } from "../evaluation/naming/dataset.js";
import { addScores, inTableOrder, otherScores } from "../evaluation/scores.js";
import { groupBy } from "../group-by.js";
import type { Problem } from "./group.js";
import type { EvaluationFile } from "./group-files.js";

/** The scores of a file, or why it could not be read. */
export interface ReadEvaluation {
  readonly file: EvaluationFile;
  readonly metrics?: ReadonlyMap<string, number>;
  readonly failure?: string;
  readonly warnings?: readonly string[];
}

/** `.metrics.json` has every metric with all its digits, `.metrics` has COMET, logs have BLEU and chrF only. */
const KINDS: readonly EvaluationFile["kind"][] = ["metrics.json", "metrics", "log"];

/**
 * Makes one evaluation of all files with scores of one run on one dataset, grouped by run, both in the order of their
 * first files. The file of the best kind counts ({@link KINDS}; the first of a kind); the others add the metrics that
 * it lacks. Scores that contradict it are left out, with a warning; of a worse kind the whole file is, because a row
 * must not mix two measurements. A file that can't be read is a failure, or a warning if another file has the
 * evaluation.
 */
export function mergeEvaluations(read: readonly ReadEvaluation[], problems: Problem[]): Evaluation[] {
  const datasetOf = ({ file }: ReadEvaluation) =>
    JSON.stringify([file.importer, file.dataset, file.augmentation]);
  const byRun = [...groupBy(read, ({ file }) => file.run).values()];
  return byRun
    .flatMap((ofRun) => [...groupBy(ofRun, datasetOf).values()])
    .flatMap((same) => mergeOne(same, problems) ?? []);
}

function mergeOne(same: readonly ReadEvaluation[], problems: Problem[]): Evaluation | undefined {
  const inOrder = [...same].sort((a, b) => KINDS.indexOf(a.file.kind) - KINDS.indexOf(b.file.kind));
  const best = inOrder.find(({ metrics }) => metrics !== undefined);
  for (const { file, failure, warnings = [] } of inOrder) {
    for (const reason of warnings) problems.push({ source: file.name, reason, severity: "warning" });
    if (failure === undefined) continue;
    problems.push(
      best === undefined
        ? { source: file.name, reason: failure, severity: "failure" }
        : {
            source: file.name,
            reason: `${failure}; ${best.file.name} has the evaluation`,
            severity: "warning",
          },
    );
  }
  if (best?.metrics === undefined) return undefined;
  const metrics = new Map(best.metrics);
  for (const { file, metrics: others } of inOrder) {
    if (others === undefined || others === best.metrics) continue;
    const different = otherScores(metrics, others);
    // Files of one kind share the metrics of an evaluation among them.
    if (different.length === 0 || file.kind === "metrics.json") addScores(metrics, others);
    if (different.length === 0) continue;
    const what = `${file.run} on ${evaluationTitle(file)}`;
    const reason = `other scores of ${what} than in ${best.file.name}, which counts: ${different.join(", ")}`;
    problems.push({ source: file.name, reason, severity: "warning" });
  }
  const { run, importer, dataset, augmentation, name } = best.file;
  return { run, importer, dataset, augmentation, metrics: inTableOrder(metrics), source: name };
}
