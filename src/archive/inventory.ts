/** From the folders of groups to their files and the names of their runs. */

import { readGroupFolder, suffixOf } from "../evaluation/naming/group-name.js";
import { assignRunIds, type GroupRunIds, type NamedGroup } from "../evaluation/naming/run-ids.js";
import { compareText } from "../io/file-name.js";
import { evaluationsOf, type NamedEvaluation } from "./evaluation-files.js";
import { type FileBelow, type FoundFile, fileAt, filesBelow, type Walk } from "./folder-walk.js";
import { type Problem, runNameIn } from "./group.js";
import type { ArchivedGroup, ArchivedRun, EvaluationFile } from "./group-files.js";
import type { GroupFolders } from "./group-folders.js";
import { type ArchiveMode, isEvaluationLog, kindOf, type Tree } from "./layout.js";
import { type LogFile, type Training, trainingsOf } from "./trainings.js";

/** A run without an id. */
interface Unnamed {
  readonly model: string;
  readonly known: boolean;
  /** Its log, else the first file of its evaluations. */
  readonly path: string;
  readonly training?: Training;
}

/** A group whose runs have no ids. */
interface Draft {
  readonly group: GroupFolders;
  readonly mode: ArchiveMode;
  readonly groupId: string | undefined;
  readonly suffix: string;
  readonly runs: readonly Unnamed[];
  /** When the evaluations of runs without a training were last changed. */
  readonly changed: ReadonlyMap<Unnamed, number>;
  readonly evaluations: readonly (NamedEvaluation & { readonly run: Unnamed })[];
  readonly config: FoundFile | undefined;
  readonly problems: Problem[];
}

/**
 * Lists the files of groups and names their runs. Leaves out groups without runs.
 *
 * @param mode The naming of the runs; without it, the folders of each group decide.
 * @returns The groups, sorted by project and name.
 */
export async function takeInventory(
  groups: readonly GroupFolders[],
  mode: ArchiveMode | undefined,
  walk: Walk,
): Promise<ArchivedGroup[]> {
  const all = await Promise.all(groups.map((group) => draftGroup(group, mode, walk)));
  for (const { runs, problems } of all)
    if (runs.length === 0) for (const problem of problems) walk.problem(problem);
  const drafts = all
    .filter(({ runs }) => runs.length > 0)
    .sort((a, b) => compareText(a.group.project, b.group.project) || compareText(a.group.name, b.group.name));
  const ids = assignRunIds(drafts.map(namedGroup));
  return drafts.map((draft, index) => finish(draft, ids[index]));
}

async function draftGroup(group: GroupFolders, asked: ArchiveMode | undefined, walk: Walk): Promise<Draft> {
  const problems: Problem[] = [];
  const own: Walk = {
    nameOf: (path) => walk.nameOf(path),
    problem: (problem) => problems.push(problem),
    signal: walk.signal,
  };
  const listed = new Map<Tree, readonly FileBelow[]>();
  for (const [tree, folder] of group.folders) {
    const isLog = (base: string, folders: readonly string[]) =>
      tree === "logs" && isEvaluationLog(folders, base);
    const wanted = (base: string, folders: readonly string[]) =>
      kindOf(base) !== undefined || isLog(base, folders);
    listed.set(tree, await filesBelow(folder, own, wanted));
  }
  const { groupId } = readGroupFolder(group.name);
  const mode = asked ?? modeOf(listed, groupId);
  const order: readonly Tree[] = mode === "taskcluster" ? ["logs", "models"] : ["models", "logs"];
  const logs = new Map<Tree, readonly LogFile[]>();
  for (const tree of order) logs.set(tree, await logsAmong(listed.get(tree) ?? [], own));
  const trainings = trainingsOf(logs, problems);
  const runs: Unnamed[] = trainings.map((training) => {
    const { model, known, log } = training;
    return { model, known, path: log.name, training };
  });
  const evaluations = evaluationsOf(listed, problems).map((evaluation) => {
    const { model, known, file } = evaluation;
    let run = runOf(evaluation, runs);
    if (run === undefined) {
      run = { model, known, path: file.name };
      runs.push(run);
    }
    return { ...evaluation, run };
  });
  const changed = new Map<Unnamed, number>();
  for (const { run, file } of evaluations) {
    if (run.training !== undefined) continue;
    const info = await fileAt(file.path, own);
    changed.set(run, Math.max(changed.get(run) ?? 0, info?.mtimeMs ?? 0));
  }
  const id = mode === "taskcluster" ? groupId : undefined;
  return {
    group,
    mode,
    groupId: id,
    suffix: suffixOf(group.name, id),
    runs,
    changed,
    evaluations,
    config: group.config === undefined ? undefined : await fileAt(group.config, own, true),
    problems,
  };
}

async function logsAmong(files: readonly FileBelow[], walk: Walk): Promise<LogFile[]> {
  const logs: LogFile[] = [];
  for (const file of files) {
    const kind = kindOf(file.base);
    if (kind !== "training" && kind !== "validation") continue;
    const info = await fileAt(file.path, walk);
    if (info !== undefined) logs.push({ ...file, ...info });
  }
  return logs;
}

/** Taskcluster's groups have the id of a task group, or their logs are where Taskcluster puts them. */
function modeOf(files: ReadonlyMap<Tree, readonly FileBelow[]>, groupId: string | undefined): ArchiveMode {
  if (groupId !== undefined) return "taskcluster";
  const isTraining = ({ base }: FileBelow) => kindOf(base) === "training";
  const has = (tree: Tree) => files.get(tree)?.some(isTraining) === true;
  return has("logs") && !has("models") ? "taskcluster" : "snakemake";
}

/** The run of an evaluation: that of the same folder, else of the same model. */
function runOf({ model, folder }: NamedEvaluation, runs: readonly Unnamed[]): Unnamed | undefined {
  const same = runs.filter((run) => run.model === model);
  return same.find(({ training }) => folder !== undefined && training?.folder === folder) ?? same[0];
}

function namedGroup({ group, suffix, groupId, runs }: Draft): NamedGroup {
  const { project, name } = group;
  return { project, name, suffix, ...(groupId === undefined ? {} : { groupId }), models: runs };
}

function finish(draft: Draft, ids: GroupRunIds | undefined): ArchivedGroup {
  const { group, mode, config, problems } = draft;
  const suffix = ids?.suffix ?? draft.suffix;
  const names = new Map<Unnamed, string>();
  const runs = draft.runs.map((run, index): ArchivedRun => {
    const id = ids?.ids[index] ?? run.model + suffix;
    const name = runNameIn(id, suffix);
    names.set(run, name);
    if (!run.known) {
      const reason = `its folder names no known model: the run is ${id}`;
      problems.push({ source: run.path, reason, severity: "warning" });
    }
    const { log, validationLog } = run.training ?? {};
    const times = [log?.mtimeMs, validationLog?.mtimeMs, draft.changed.get(run)];
    return {
      name,
      id,
      ...(log === undefined ? {} : { log: plain(log) }),
      ...(validationLog === undefined ? {} : { validationLog: plain(validationLog) }),
      changed: Math.max(...times.map((time) => time ?? 0)),
    };
  });
  for (const note of ids?.notes ?? []) problems.push({ ...note, severity: "warning" });
  if (mode === "taskcluster" && draft.groupId === undefined) {
    const reason = `the group's folder does not end with the id of a task group: the ids of its runs end with ${suffix}`;
    problems.push({ source: `${group.project}/${group.name}`, reason, severity: "warning" });
  }
  const evaluations = draft.evaluations.map(({ file, kind, dataset, metric, run }): EvaluationFile => {
    const { path, name } = file;
    const one = metric === undefined ? {} : { metric };
    return { path, name, ...dataset, kind, ...one, run: names.get(run) ?? run.model };
  });
  const logsFolder = group.hasLogsFolder ? group.folders.get("logs")?.path : undefined;
  return {
    project: group.project,
    name: group.name,
    mode,
    suffix,
    runs,
    evaluations,
    ...(config === undefined ? {} : { config }),
    ...(logsFolder === undefined ? {} : { logsFolder }),
    problems: problems.sort((a, b) => compareText(a.source, b.source) || compareText(a.reason, b.reason)),
  };
}

function plain({ path, name, size, mtimeMs }: FoundFile): FoundFile {
  return { path, name, size, mtimeMs };
}
