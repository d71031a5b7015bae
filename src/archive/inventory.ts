/** From the folders of groups to their files and the names of their runs. */

import { readGroupFolder, suffixOf } from "../evaluation/naming/group-name.js";
import { type GroupRunIds, type NamedGroup, RunIds } from "../evaluation/naming/run-ids.js";
import { groupBy } from "../group-by.js";
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

/** Groups whose folders are read at once. */
const AT_ONCE = 8;

/**
 * Lists the files of groups and names their runs, one group after the other, sorted by project and name. Leaves out
 * groups without runs. Memory does not grow with the files of all groups.
 *
 * @param mode The naming of the runs; without it, the folders of each group decide.
 */
export async function* takeInventory(
  groups: readonly GroupFolders[],
  mode: ArchiveMode | undefined,
  walk: Walk,
): AsyncGenerator<ArchivedGroup> {
  const ids = new RunIds();
  const sorted = groups.toSorted(byName);
  const reading: Promise<Draft>[] = [];
  let same: Draft[] = [];
  const finished = () => {
    const named = ids.assign(same.map(namedGroup));
    return same.map((draft, index) => finish(draft, named[index]));
  };
  try {
    for (let next = 0; reading.length > 0 || next < sorted.length; ) {
      for (let group = sorted[next]; group !== undefined && reading.length < AT_ONCE; group = sorted[next]) {
        reading.push(draftGroup(group, mode, walk));
        next += 1;
      }
      const draft = await (reading.shift() as Promise<Draft>);
      const [before] = same;
      if (before !== undefined && byName(before.group, draft.group) !== 0) {
        yield* finished();
        same = [];
      }
      if (draft.runs.length > 0) same.push(draft);
      else for (const problem of draft.problems) walk.problem(problem);
    }
    yield* finished();
  } finally {
    await Promise.allSettled(reading);
  }
}

function byName(a: GroupFolders, b: GroupFolders): number {
  return compareText(a.project, b.project) || compareText(a.name, b.name);
}

async function draftGroup(group: GroupFolders, asked: ArchiveMode | undefined, walk: Walk): Promise<Draft> {
  const problems: Problem[] = [];
  const own: Walk = {
    nameOf: (path) => walk.nameOf(path),
    problem: (problem) => problems.push(problem),
    isUnpacked: walk.isUnpacked,
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
  const byModel = groupBy(runs, ({ model }) => model);
  const evaluations = evaluationsOf(listed, problems).map((evaluation) => {
    const { model, known, file, folder } = evaluation;
    const same = byModel.get(model) ?? [];
    // The run of the same folder, else of the same model.
    let run = same.find(({ training }) => folder !== undefined && training?.folder === folder) ?? same[0];
    if (run === undefined) {
      run = { model, known, path: file.name };
      runs.push(run);
      byModel.set(model, [run]);
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

function plain({ path, name, size, mtimeMs, revision }: FoundFile): FoundFile {
  return { path, name, size, mtimeMs, ...(revision === undefined ? {} : { revision }) };
}
