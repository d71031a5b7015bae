/** Names of folders and files in an archive. */

import { modelOfFolder } from "../evaluation/naming/model.js";
import { withoutCompression } from "../io/file-name.js";

/**
 * The pipeline that made an archive. Taskcluster keeps the logs of trainings below `logs/` and ends the names of
 * groups with the id of the task group; Snakemake keeps the logs with the models below `models/`.
 */
export type ArchiveMode = "taskcluster" | "snakemake";

/** The folders that hold `<project>/<group>`. */
export type Tree = "logs" | "models";

/** The folder of a group's evaluations in `models/<project>/<group>`: a folder for each model. */
export const EVALUATION = "evaluation";
/** The folder of `evaluation/` for the quantized model. */
export const SPEED = "speed";

const METRICS = /\.metrics(\.json)?$/;

/** The purpose of a file: the log of a training, Marian's log of validations, scores. */
export type FileKind = "training" | "validation" | "metrics" | "metrics.json";

/** The kind of a file by its name; undefined if it has none of those that are read in any folder. */
export function kindOf(fileName: string): FileKind | undefined {
  const plain = withoutCompression(fileName);
  if (plain === "train.log") return "training";
  if (plain === "valid.log") return "validation";
  const [metrics, json] = METRICS.exec(fileName) ?? [];
  if (metrics === undefined) return undefined;
  return json === undefined ? "metrics" : "metrics.json";
}

/** Whether a file of `logs/<project>/<group>` is the log of an evaluation. */
export function isEvaluationLog(folders: readonly string[], fileName: string): boolean {
  return folders.join("/") === "eval" && /^eval.*\.log$/s.test(withoutCompression(fileName));
}

/** The model of a folder. */
export interface FolderModel {
  /** The folder's own name if that names no known model. */
  readonly model: string;
  /** Whether it is one of the pipeline's models. */
  readonly known: boolean;
  /** The folder's name. */
  readonly folder: string;
}

/**
 * The model of a file by its folders, the outermost first: the innermost folder that names a known model.
 *
 * @param otherwise The model's folder if none names a known model.
 */
export function modelOfFolders(
  folders: readonly string[],
  otherwise: string | undefined,
): FolderModel | undefined {
  for (const folder of [...folders].reverse()) {
    const model = modelOfFolder(folder);
    if (model !== undefined) return { model, known: true, folder };
  }
  return otherwise === undefined ? undefined : { model: otherwise, known: false, folder: otherwise };
}

/**
 * Whether a file of an archive is useful, by its path: logs, scores, configurations, and everything below
 * `logs/<project>/<group>`, which is published as it is.
 */
export function isOfUse(path: readonly string[]): boolean {
  const fileName = path.at(-1) ?? "";
  if (kindOf(fileName) !== undefined || fileName === "config.yml") return true;
  // The last one counts: a folder above the archive may have this name, too.
  const tree = path.findLastIndex((part) => part === "logs" || part === "models");
  return path[tree] === "logs" && path.length - tree > 3;
}
