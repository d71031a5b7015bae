/** The scores that an evaluation task has left. */
import { EvaluationError } from "../../evaluation/errors.js";
import type { Evaluation } from "../../evaluation/evaluation.js";
import { readMetrics } from "../../evaluation/metrics-file.js";
import { readMetricsJson } from "../../evaluation/metrics-json.js";
import type { Problem } from "../../group/group.js";
import { readLabel } from "../../naming/label.js";
import { type GroupTask, StoppedError } from "../../taskcluster/index.js";
import { artifactName } from "./artifact-source.js";
import type { ArtifactStore } from "./artifact-store.js";
import { labelOf, lastRun, nameOf } from "./group-task.js";

/** What came of reading an evaluation task. */
export interface EvaluationRead {
  readonly task: GroupTask;
  /** Absent where the task has none that can be read. */
  readonly evaluation?: Evaluation;
  readonly problems: readonly Problem[];
}

/** Where scores are, the best first: a `.metrics.json` holds all of them, a `.metrics` the first three. */
const KINDS = [
  { ending: ".metrics.json", read: readMetricsJson },
  { ending: ".metrics", read: (text: string) => ({ metrics: readMetrics(text), faults: [] }) },
] as const;

/** Reads the scores of a completed evaluation. What is wrong with it is a problem, never thrown. */
export async function readEvaluation(store: ArtifactStore, task: GroupTask): Promise<EvaluationRead> {
  const problems: Problem[] = [];
  const say = (severity: Problem["severity"], reason: string) =>
    problems.push({ source: nameOf(task), reason, severity });
  const label = readLabel(labelOf(task));
  const run = lastRun(task);
  if (label?.stage !== "evaluate" || label.importer === null || run === undefined) {
    say("failure", "its label tells no model and dataset, so its scores are left out");
    return { task, problems };
  }
  const { model, importer, dataset, augmentation } = label;
  const { taskId } = task.status;
  const { runId } = run;
  try {
    const names = (await store.list(taskId, runId)).map(({ name }) => name);
    const files = KINDS.flatMap(({ ending, read }) =>
      names.filter((name) => name.endsWith(ending)).map((name) => ({ name, read })),
    );
    if (files.length === 0) say("failure", "it has left no file of scores (.metrics.json, .metrics)");
    for (const { name, read } of files) {
      const ref = { taskId, runId, name };
      const text = (await store.bytes(ref)).toString("utf8");
      try {
        const { metrics, faults } = read(text);
        for (const fault of faults) say("failure", `${name}: ${fault}`);
        const evaluation = { model, importer, dataset, augmentation, metrics, source: artifactName(ref) };
        return { task, evaluation, problems };
      } catch (error) {
        if (!(error instanceof EvaluationError)) throw error;
        say("failure", `${name}: ${error.message}`);
      }
    }
  } catch (error) {
    if (error instanceof StoppedError) throw error;
    say("failure", error instanceof Error ? error.message : String(error));
  }
  return { task, problems };
}
