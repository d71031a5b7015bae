/** From the files of a group to its evaluations. */

import type { DatasetName } from "../evaluation/naming/dataset.js";
import { readEvaluationFileName } from "../evaluation/naming/evaluation-file.js";
import type { FileBelow } from "./folder-walk.js";
import type { Problem } from "./group.js";
import { EVALUATION, isEvaluationLog, kindOf, modelOfFolders, SPEED, type Tree } from "./layout.js";

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
      const evaluation = named(file);
      if (evaluation === undefined) problems.push(unnamed(file));
      else ranked[rankOf(tree, evaluation)]?.push(evaluation);
    }
  }
  return ranked.flat();
}

function rankOf(tree: Tree, { kind, folder }: NamedEvaluation): number {
  if (kind === "log") return 1;
  if (tree === "logs") return 2;
  return folder === SPEED ? 0 : 3;
}

/** A file whose name names its model, or that lies in the model's folder: `evaluation/student/flores_devtest.metrics`. */
function named(file: FileBelow): NamedEvaluation | undefined {
  const { pair: _pair, model, known, ...name } = readEvaluationFileName(file.base);
  if (model !== undefined) return { file, ...name, model, known };
  if (name.kind === "log") return undefined;
  const start = file.folders.lastIndexOf(EVALUATION) + 1;
  const folders = file.folders.slice(start);
  // Below `evaluation/` any folder is a model's.
  const place = modelOfFolders(folders, start > 0 ? folders[0] : undefined);
  return place === undefined ? undefined : { file, ...name, ...place };
}

function unnamed({ name }: FileBelow): Problem {
  const reason =
    "the evaluation is not read: neither its name (evaluate-<model>-<importer>-<dataset>-…) nor its folder (evaluation/<model>/) names a known model";
  return { source: name, reason, severity: "failure" };
}
