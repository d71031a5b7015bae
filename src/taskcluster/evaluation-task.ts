/** The scores that an evaluation task has left. */

import type { Problem } from "../archive/group.js";
import type { Evaluation } from "../evaluation/evaluation.js";
import { readEvaluationFileName } from "../evaluation/naming/evaluation-file.js";
import { parseTaskLabel } from "../evaluation/naming/label.js";
import { readScores } from "../evaluation/score-file.js";
import { addScores, inTableOrder, otherScores } from "../evaluation/scores.js";
import { InputError } from "../io/input-error.js";
import { type ArtifactStore, artifactName } from "./artifact-store.js";
import { type GroupTask, hasCode, TaskclusterError } from "./client/index.js";
import { labelOf, lastRun, nameOf } from "./group-task.js";

/** What came of reading an evaluation task. */
export interface EvaluationRead {
  readonly task: GroupTask;
  /** Absent if the task has none that can be read. */
  readonly evaluation?: Evaluation;
  readonly problems: readonly Problem[];
}

/** Reads the scores of a completed evaluation. What is wrong with it is a problem, never thrown. */
export async function readEvaluation(store: ArtifactStore, task: GroupTask): Promise<EvaluationRead> {
  const problems: Problem[] = [];
  const say = (severity: Problem["severity"], reason: string) =>
    problems.push({ source: nameOf(task), reason, severity });
  const label = parseTaskLabel(labelOf(task));
  const run = lastRun(task);
  if (label?.stage !== "evaluate" || label.importer === null || run === undefined) {
    say("failure", "its label does not name a model and a dataset, so its scores are left out");
    return { task, problems };
  }
  const { model, importer, dataset, augmentation } = label;
  const { taskId } = task.status;
  const { runId } = run;
  try {
    const names = (await store.list(taskId, runId)).map(({ name }) => name).sort();
    const [whole, short] = [".metrics.json", ".metrics"].map((ending) =>
      names.filter((name) => name.endsWith(ending)),
    ) as [string[], string[]];
    if (whole.length + short.length === 0)
      say("failure", "it has left no file of scores (.metrics.json, .metrics)");
    const metrics = new Map<string, number>();
    const read: string[] = [];
    const faults: string[] = [];
    for (const name of [...whole, ...short]) {
      // A `.metrics` has no more than the first three metrics of a `.metrics.json`.
      if (read.length > 0 && name.endsWith(".metrics")) break;
      const text = (await store.bytes({ taskId, runId, name })).toString("utf8");
      try {
        const scores = readScores(readEvaluationFileName(name.slice(name.lastIndexOf("/") + 1)), text);
        for (const fault of scores.faults) say("warning", `${name}: ${fault}`);
        const others = otherScores(metrics, scores.metrics);
        if (others.length > 0)
          say("warning", `${name}: other scores than in ${read[0]}, which counts: ${others.join(", ")}`);
        addScores(metrics, scores.metrics);
        read.push(name);
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        faults.push(`${name}: ${error.message}`);
      }
    }
    const [first, ...others] = read.map((name) => artifactName({ taskId, runId, name }));
    for (const fault of faults)
      say(
        first === undefined ? "failure" : "warning",
        first === undefined ? fault : `${fault}; ${read[0]} has the evaluation`,
      );
    if (first === undefined) return { task, problems };
    const evaluation: Evaluation = {
      run: model,
      importer,
      dataset,
      augmentation,
      metrics: inTableOrder(metrics),
      source: first,
      ...(others.length === 0 ? {} : { furtherSources: others }),
    };
    return { task, evaluation, problems };
  } catch (error) {
    if (hasCode(error, "stopped")) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    const cause = error instanceof TaskclusterError ? error.why : reason;
    problems.push({ source: nameOf(task), reason, cause, severity: "failure" });
  }
  return { task, problems };
}
