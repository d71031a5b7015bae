/** The files of scores of a group. */

import { type EvaluationFileName, readEvaluationFileName } from "../evaluation/naming/evaluation-file.js";
import type { FileBelow } from "./folder-walk.js";
import type { Problem } from "./group.js";
import { EVALUATION, isEvaluationLog, kindOf, modelOfFolders, SPEED, type Tree } from "./layout.js";

/** A file of scores, and the model that its name or folder says. */
export interface NamedEvaluation extends EvaluationFileName {
  readonly file: FileBelow;
  readonly model: string;
  /** The model's folder; absent if the file's own name says the model. */
  readonly folder?: string;
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
  const name = readEvaluationFileName(file.base);
  if (name.model !== undefined) return { file, ...name, model: name.model };
  if (name.kind === "log") return undefined;
  const start = file.folders.lastIndexOf(EVALUATION) + 1;
  const folders = file.folders.slice(start);
  // Any folder below `evaluation/` is a model's.
  const place = modelOfFolders(folders, start > 0 ? folders[0] : undefined);
  return place === undefined ? undefined : { file, ...name, ...place };
}

function unnamed({ name }: FileBelow): Problem {
  const reason =
    "the evaluation is not read: neither its name (evaluate-<model>-<importer>-<dataset>-…) nor its folder (evaluation/<model>/) names a known model";
  return { source: name, reason, severity: "failure" };
}
