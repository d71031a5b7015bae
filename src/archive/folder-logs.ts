/** The logs of a folder that a user names, found by their content. */
import { lstatSync, statSync } from "node:fs";
import { basename } from "node:path";
import { groupBy } from "../group-by.js";
import { kindOfName, trainingLogBeside, withoutCompression } from "../io/file-name.js";
import { filesBelow, folderAt, type Walk } from "./folder-walk.js";
import { contentOf } from "./holds-log.js";
import { inputLocation, locateInput } from "./input-source.js";
import { logsOfTar } from "./tar-logs.js";

/** What was found in a folder. */
export interface SearchedFolder {
  /** As the user gave it. */
  readonly folder: string;
  /** Logs, each with its log of validations. */
  readonly logs: number;
  /** Files of scores. */
  readonly scores: number;
  /** Files that are neither logs nor files of scores, or repeat a log. */
  readonly passedOver: number;
}

/** How inputs are looked for. */
export interface InputSearch {
  /** Whether files of scores are inputs, too. */
  readonly scores?: boolean;
  /** The logs are followed while they grow: tars are not opened, and each log is a run. */
  readonly growing?: boolean;
  warn(message: string): void;
}

/** Warnings of one kind that are shown. */
const MAX_SHOWN = 3;

/**
 * The logs and tars below a folder, sorted by path. `valid.log` joins the `train.log` beside it; of a log and its
 * compressed copy the first by name is read. What can't be read stays as an input that fails, and so does a folder
 * without a log.
 */
export async function logsOfFolder(
  folder: string,
  { scores = false, growing = false, warn }: InputSearch,
): Promise<{ readonly names: readonly string[]; readonly searched: SearchedFolder }> {
  const faults = new Map<string, string>();
  const warnings: string[] = [];
  let passedOver = 0;
  const walk: Walk = {
    nameOf: (path) => path,
    problem({ source, reason, severity }) {
      if (severity === "failure") faults.set(source, reason);
      else warnings.push(`${source}: ${reason}`);
    },
    passOver(path) {
      if (kindOfName(path) === "log")
        faults.set(path, "it is not a file, or its symbolic link leads nowhere");
      else passedOver += 1;
    },
  };
  const root = await folderAt(folder);
  const files = root === undefined ? [] : await filesBelow(root, walk, () => true);
  const logs: string[] = [];
  const ofTars: string[] = [];
  const evaluations: string[] = [];
  for (const { path } of files) {
    if (kindOfName(path) === "evaluation" && scores) {
      evaluations.push(path);
      continue;
    }
    const content = await contentOf(path);
    if (content === "log") logs.push(path);
    else if (content === "tar" && !growing) ofTars.push(...(await logsOfTar(path, scores, warn)));
    else passedOver += 1;
  }
  const { kept, copies } = withoutCopies(logs);
  passedOver += copies.length;
  warnings.push(...copies);
  for (const path of kept) locateInput(path);
  const runs = growing ? kept : joinValidationLogs(kept);
  const names = [...runs, ...ofTars, ...evaluations];
  if (names.length === 0 && faults.size === 0) faults.set(folder, noLogText(passedOver, scores));
  for (const [name, fault] of faults) locateInput(name, { fault });
  for (const warning of warnings.slice(0, MAX_SHOWN)) warn(warning);
  if (warnings.length > MAX_SHOWN) warn(`${folder}: ${warnings.length - MAX_SHOWN} more warnings like these`);
  return {
    names: [...names, ...faults.keys()].sort(),
    searched: {
      folder,
      logs: runs.length + ofTars.filter(isLog).length,
      scores: evaluations.length,
      passedOver,
    },
  };
}

export function noLogText(passedOver: number, scores: boolean): string {
  const wanted = scores ? "no Marian log and no file of scores" : "no Marian log";
  if (passedOver === 0) return `the folder has ${wanted}: it is empty`;
  return `the folder has ${wanted}, only ${passedOver} other ${passedOver === 1 ? "file" : "files"}`;
}

/** Whether an input of a tar is a log that can be read. */
function isLog(name: string): boolean {
  const location = inputLocation(name);
  return kindOfName(name) !== "evaluation" && location !== undefined && "path" in location;
}

/** Keeps one path of each file, and of a log and its compressed copy the first; says what was left aside. */
function withoutCopies(logs: readonly string[]): { readonly kept: string[]; readonly copies: string[] } {
  const copies: string[] = [];
  const files = [...groupBy(logs, fileOf).values()].map((paths) => {
    const own = paths.length === 1 ? paths[0] : paths.find((path) => !lstatSync(path).isSymbolicLink());
    const kept = own ?? paths[0] ?? "";
    for (const path of paths)
      if (path !== kept) copies.push(`${path}: the same file as ${kept}: it was read once`);
    return kept;
  });
  const kept = [...groupBy(files.sort(), withoutCompression).values()].map(([first = "", ...others]) => {
    for (const path of others)
      copies.push(`${path}: it was left aside, because ${basename(first)} is beside it`);
    return first;
  });
  return { kept, copies };
}

/** The same for all paths of a file. */
function fileOf(path: string): string {
  const info = statSync(path, { bigint: true, throwIfNoEntry: false });
  return info === undefined ? path : `${info.dev} ${info.ino}`;
}

/** Joins each log of validations to the log of its training; returns the runs. */
export function joinValidationLogs(logs: readonly string[]): string[] {
  const trainings = new Map(logs.map((path) => [withoutCompression(path), path]));
  return logs.filter((path) => {
    const trainingLog = trainingLogBeside(path);
    const training = trainingLog === undefined ? undefined : trainings.get(trainingLog);
    if (training !== undefined) locateInput(training, { path: training, validationLog: path });
    return training === undefined;
  });
}
