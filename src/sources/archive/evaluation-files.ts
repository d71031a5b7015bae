/** From the files of a group to its evaluations. */
import type { Problem } from "../../group/group.js";
import { type DatasetName, readDatasetName } from "../../naming/dataset.js";
import { readLabel } from "../../naming/label.js";
import type { FileBelow } from "./folder-walk.js";
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
        ? namedByLabel(file, "log")
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

/** A file that is called like a task: `evaluate-teacher-flores-devtest-en-hu-1`, `eval_student_flores_devtest`. */
function namedByLabel(file: FileBelow, kind: NamedEvaluation["kind"]): NamedEvaluation | undefined {
  const label = readLabel(stemOf(file.base));
  if (label?.stage !== "evaluate" || label.importer === null) return undefined;
  const { model, importer, dataset, augmentation } = label;
  return { file, kind, model, known: true, dataset: { importer, dataset, augmentation } };
}

/** A file that is called like a dataset, in the folder of a model: `evaluation/student/flores_devtest.metrics`. */
function namedByPlace(file: FileBelow, kind: NamedEvaluation["kind"]): NamedEvaluation | undefined {
  const labelled = namedByLabel(file, kind);
  if (labelled !== undefined) return labelled;
  const start = file.folders.lastIndexOf(EVALUATION) + 1;
  const folders = file.folders.slice(start);
  // Below `evaluation/` any folder is a model's.
  const place = modelOfFolders(folders, start > 0 ? folders[0] : undefined);
  return place === undefined
    ? undefined
    : { file, kind, ...place, dataset: readDatasetName(stemOf(file.base)) };
}

function unnamed({ name }: FileBelow): Problem {
  const reason =
    "the evaluation is not read: neither its name (evaluate-<model>-<importer>-<dataset>-…) nor its folder (evaluation/<model>/) names a known model";
  return { source: name, reason, severity: "failure" };
}
