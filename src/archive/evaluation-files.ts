/** From the files of a group to its evaluations. */

import type { DatasetName } from "../evaluation/naming/dataset.js";
import { readEvaluationFileName } from "../evaluation/naming/evaluation-file.js";
import type { FileBelow } from "./folder-walk.js";
import type { Problem } from "./group.js";
import { EVALUATION, isEvaluationLog, kindOf, modelOfFolders, SPEED, stemOf, type Tree } from "./layout.js";

/** A file of scores, and which model it names. */
export interface NamedEvaluation {
  readonly file: FileBelow;
  readonly kind: "metrics.json" | "metrics" | "log";
  readonly model: string;
  /** Whether the model's name is one of the pipeline's. */
  readonly known: boolean;
  /** The model's folder, by its name; absent where the file's own name names the model. */
  readonly folder?: string;
  readonly dataset: DatasetName;
  /** The one metric of the file; absent where the file names its metrics. */
  readonly metric?: string;
}

/**
 * The evaluations of a group in the order of its table: `evaluation/speed`, logs of evaluations, scores below `logs/`,
 * scores below `models/`, each by path.
 */
export function evaluationsOf(
  files: ReadonlyMap<Tree, readonly FileBelow[]>,
  problems: Problem[],
): readonly NamedEvaluation[] {
  const ranked: NamedEvaluation[][] = [[], [], [], []];
  for (const tree of ["logs", "models"] as const) {
    for (const file of files.get(tree) ?? []) {
      const kind = kindOf(file.base);
      const isLog = tree === "logs" && isEvaluationLog(file.folders, file.base);
      if (!isLog && kind !== "metrics" && kind !== "metrics.json") continue;
      const named = isLog
        ? namedByLabel(file)
        : namedByPlace(file, kind === "metrics" ? kind : "metrics.json");
      if (named === undefined) problems.push(unnamed(file));
      else ranked[rankOf(tree, named)]?.push(named);
    }
  }
  return ranked.flat();
}

function rankOf(tree: Tree, { kind, folder }: NamedEvaluation): number {
  if (kind === "log") return 1;
  if (tree === "logs") return 2;
  return folder === SPEED ? 0 : 3;
}

/** A log that is called like a task: `eval_student_flores_devtest`. */
function namedByLabel(file: FileBelow): NamedEvaluation | undefined {
  const { model, known, dataset } = readEvaluationFileName(stemOf(file.base), false);
  return model === undefined ? undefined : { file, kind: "log", model, known, dataset };
}

/** A file whose name names its model, or that lies in the model's folder: `evaluation/student/flores_devtest.metrics`. */
function namedByPlace(file: FileBelow, kind: "metrics" | "metrics.json"): NamedEvaluation | undefined {
  const { model, known, metric, dataset } = readEvaluationFileName(
    stemOf(file.base),
    kind === "metrics.json",
  );
  const named = { file, kind, dataset, ...(metric === undefined ? {} : { metric }) };
  if (model !== undefined) return { ...named, model, known };
  const start = file.folders.lastIndexOf(EVALUATION) + 1;
  const folders = file.folders.slice(start);
  // Below `evaluation/` any folder is a model's.
  const place = modelOfFolders(folders, start > 0 ? folders[0] : undefined);
  return place === undefined ? undefined : { ...named, ...place };
}

function unnamed({ name }: FileBelow): Problem {
  const reason =
    "the evaluation is not read: neither its name (evaluate-<model>-<importer>-<dataset>-…) nor its folder (evaluation/<model>/) names a known model";
  return { source: name, reason, severity: "failure" };
}
