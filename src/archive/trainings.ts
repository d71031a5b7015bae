/** The trainings of a group. */

import { groupBy } from "../group-by.js";
import { compareText, withoutCompression } from "../io/file-name.js";
import type { FileBelow, FoundFile } from "./folder-walk.js";
import type { Problem } from "./group.js";
import { type FolderModel, kindOf, modelOfFolders, type Tree } from "./layout.js";

/** A training: the log in a model's folder. */
export interface Training extends FolderModel {
  readonly log: LogFile;
  readonly validationLog?: LogFile;
}

/** A log below a group's folder. */
export type LogFile = FileBelow & FoundFile;

/** The logs of one folder. */
interface LogFolder {
  readonly tree: Tree;
  readonly folders: readonly string[];
  readonly log: LogFile | undefined;
  readonly validationLog: LogFile | undefined;
}

/**
 * The trainings of a group, sorted by path.
 *
 * @param files Its logs by tree; the tree in which the mode keeps logs comes first.
 */
export function trainingsOf(
  files: ReadonlyMap<Tree, readonly LogFile[]>,
  problems: Problem[],
): readonly Training[] {
  const found = [...files].flatMap(([tree, list]) => logFolders(tree, list, problems));
  const trainings = [...groupBy(found, pathOf).values()].flatMap((same) => trainingsAt(same, problems));
  return trainings.sort((a, b) => compareText(a.log.name, b.log.name));
}

/** The trainings of one model's folder, which may exist in both `logs/` and `models/`. */
function trainingsAt(found: readonly LogFolder[], problems: Problem[]): Training[] {
  const { folders = [] } = found[0] ?? {};
  const model = modelOfFolders(folders, folders.at(-1));
  const validation = found.find(({ validationLog }) => validationLog !== undefined)?.validationLog;
  if (model === undefined) {
    for (const log of [...found.map(({ log }) => log), validation]) {
      if (log === undefined) continue;
      const reason = "the log is not read: it is not in the folder of a model, so its run has no name";
      problems.push({ source: log.name, reason, severity: "failure" });
    }
    return [];
  }
  const logs: { log: LogFile; own: LogFile | undefined }[] = [];
  for (const { log, validationLog } of found) {
    if (log === undefined) continue;
    const copy = logs.find((other) => other.log.size === log.size && other.log.base === log.base);
    if (copy === undefined) logs.push({ log, own: validationLog });
    else problems.push(leftAside(log, `it is as long as ${copy.log.name}, of which it seems to be a copy`));
  }
  const [first] = logs;
  if (first === undefined) {
    if (validation === undefined) return [];
    const reason = "there is no train.log beside it: the run has validations only";
    problems.push({ source: validation.name, reason, severity: "warning" });
    return [{ ...model, log: validation }];
  }
  return logs.map(({ log, own }) => {
    const validationLog = own ?? (log === first.log ? validation : undefined);
    return { ...model, log, ...(validationLog === undefined ? {} : { validationLog }) };
  });
}

function logFolders(tree: Tree, files: readonly LogFile[], problems: Problem[]): LogFolder[] {
  return [...groupBy(files, pathOf).values()].map((logs) => ({
    tree,
    folders: logs[0]?.folders ?? [],
    log: chosen(logs, "training", problems),
    validationLog: chosen(logs, "validation", problems),
  }));
}

function pathOf({ folders }: Pick<LogFolder, "folders">): string {
  return folders.join("/");
}

/** The first of `train.log`, `train.log.gz` and `train.log.zst`. */
function chosen(
  files: readonly LogFile[],
  kind: "training" | "validation",
  problems: Problem[],
): LogFile | undefined {
  const [first, ...others] = files
    .filter(({ base }) => kindOf(base) === kind)
    .sort((a, b) => compareText(a.base, b.base));
  for (const other of others) problems.push(leftAside(other, `${first?.base} is beside it`));
  return first;
}

function leftAside({ name, base }: FileBelow, why: string): Problem {
  return {
    source: name,
    reason: `this ${withoutCompression(base)} was left aside: ${why}`,
    severity: "warning",
  };
}
