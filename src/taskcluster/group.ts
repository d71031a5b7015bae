/** Groups of Taskcluster, as they are published: every training and every evaluation. */

import { type Group, type GroupRun, type Problem, runNameIn } from "../archive/group.js";
import type { Evaluation } from "../evaluation/evaluation.js";
import { assignRunIds, type NamedGroup, type NamedModel } from "../evaluation/naming/run-ids.js";
import type { ArtifactStore } from "./artifact-store.js";
import type { GroupTask, Queue } from "./client/index.js";
import { type EvaluationRead, readEvaluation } from "./evaluation-task.js";
import { byLabel, isBegun, leftOut, orderOf, type Stage, stageOf } from "./group-task.js";
import type { ListedGroup } from "./listed-group.js";
import { listGroups } from "./related-groups.js";
import { readTraining, readUnfinishedTraining, type TrainingRead, unreadTraining } from "./training-task.js";

/** What is read, and where from. */
export interface GroupOptions {
  readonly queue: Queue;
  readonly store: ArtifactStore;
  /** How many steps from the group asked for related groups are looked for; 0 for none, default without end. */
  readonly depth?: number;
  /** What is read of the groups; absent: all. */
  readonly only?: "training" | "evaluations" | undefined;
  /** Leaves out trainings that failed, were cancelled, or still run. */
  readonly finishedOnly?: boolean | undefined;
}

/** Groups, and what is wrong apart from them. */
export interface GroupsRead {
  /** The one asked for first, then the related ones by their distance and id. */
  readonly groups: readonly Group[];
  readonly problems: readonly Problem[];
}

/**
 * Reads a group and those that its trainings build on. A task that can't be read is a problem of its group.
 *
 * @throws TaskclusterError if the group asked for has no trainings, has no configuration to name them by, or can't be
 * listed, or if the command is stopped.
 */
export async function readGroups(groupId: string, options: GroupOptions): Promise<GroupsRead> {
  const { queue, only, depth = Number.POSITIVE_INFINITY } = options;
  const { groups, problems } = await listGroups(queue, groupId, depth);
  const read = await Promise.all(groups.map((group) => readTasks(group, options)));
  const names = assignRunIds(read.map(namesOf));
  const named = read.map((group, index) =>
    groupOf(group, names[index] ?? { suffix: group.suffix, ids: [], notes: [] }),
  );
  if (only !== "evaluations") return { groups: named, problems };
  const evaluated = ({ runs, ...group }: Group): Group => ({
    ...group,
    runs: runs.filter(({ evaluations }) => evaluations.length > 0),
  });
  return { groups: named.map(evaluated), problems };
}

/** A run that has no id yet. */
interface UnnamedRun extends NamedModel {
  readonly training?: TrainingRead;
  readonly evaluations: readonly Evaluation[];
}

/** A group without its ids. */
export interface ReadGroup extends Omit<ListedGroup, "tasks"> {
  readonly runs: readonly UnnamedRun[];
  readonly evaluations: readonly Evaluation[];
  readonly problems: readonly Problem[];
}

/**
 * Reads the trainings and the completed evaluations among the tasks. If only evaluations are read, trainings have no
 * logs.
 */
export async function readTasks(
  { tasks, ...experiment }: ListedGroup,
  { store, only, finishedOnly = false }: Pick<GroupOptions, "store" | "only" | "finishedOnly">,
): Promise<ReadGroup> {
  const inOrder = [...tasks].sort(byLabel);
  const wanted = inOrder.filter((task) => {
    const stage = stageOf(task);
    return stage !== undefined && (only === undefined || (only === "training") === (stage === "training"));
  });
  const completed = (among: readonly GroupTask[], stage: Stage) =>
    among.filter((task) => task.status.state === "completed" && stageOf(task) === stage);
  const parts = wanted.filter((task) => !finishedOnly && stageOf(task) === "training" && isBegun(task));
  const [trainings, evaluations, unfinished] = await Promise.all([
    // Evaluations get the names of their trainings, whether the logs are read or not.
    only === "evaluations"
      ? completed(inOrder, "training").map(unreadTraining)
      : Promise.all(completed(wanted, "training").map((task) => readTraining(store, task))),
    Promise.all(completed(wanted, "evaluation").map((task) => readEvaluation(store, task))),
    Promise.all(parts.map((task) => readUnfinishedTraining(store, task))),
  ]);
  const partial = unfinished.filter(({ log }) => log !== undefined);
  return {
    ...experiment,
    runs: runsOf([...trainings, ...partial], evaluations),
    evaluations: evaluations.flatMap(({ evaluation }) => evaluation ?? []),
    problems: [
      ...leftOut(wanted.filter((task) => !parts.includes(task))),
      ...[...unfinished, ...trainings, ...evaluations].flatMap(({ problems }) => problems),
    ],
  };
}

/** A run for each training, with the evaluations of its model, and one for each model that has evaluations only. */
function runsOf(trainings: readonly TrainingRead[], evaluations: readonly EvaluationRead[]): UnnamedRun[] {
  const owners = new Map<TrainingRead | string, Evaluation[]>();
  const firstTask = new Map<string, GroupTask>();
  for (const { task, evaluation } of evaluations) {
    if (evaluation === undefined) continue;
    const { run: model } = evaluation;
    const owner =
      trainingOf(
        task,
        trainings.filter((training) => training.model === model),
      ) ?? model;
    owners.set(owner, [...(owners.get(owner) ?? []), evaluation]);
    if (!firstTask.has(model)) firstTask.set(model, task);
  }
  const trained = trainings.map((training) => ({
    model: training.model,
    path: orderOf(training.task),
    isLast: training.unfinished !== undefined,
    training,
    evaluations: owners.get(training) ?? [],
  }));
  const others = [...owners].flatMap(([model, found]): UnnamedRun[] => {
    const task = typeof model === "string" ? firstTask.get(model) : undefined;
    return typeof model !== "string" || task === undefined
      ? []
      : [{ model, path: orderOf(task), evaluations: found }];
  });
  return [...trained, ...others];
}

/** Of several trainings of one model, the one that the evaluation was made for; else the first, a completed one before others. */
function trainingOf({ task }: GroupTask, trainings: readonly TrainingRead[]): TrainingRead | undefined {
  const direct = trainings.find((training) => task.dependencies.includes(training.task.status.taskId));
  return direct ?? trainings[0];
}

/** What the ids of a group are made of. */
export function namesOf({ project, name, suffix, groupId, runs }: ReadGroup): NamedGroup {
  return { project, name, suffix, groupId, models: runs };
}

/** The group with the ids that its runs were given. */
export function groupOf(
  group: ReadGroup,
  { suffix, ids, notes }: ReturnType<typeof assignRunIds>[number],
): Group {
  const { project, name, config, evaluations, problems } = group;
  const named = new Map<Evaluation, Evaluation>();
  const runs = group.runs.map((run, index): GroupRun => {
    const { log, validationLog, unfinished, configFiles } = run.training ?? {};
    const id = ids[index] ?? run.model + suffix;
    const name = runNameIn(id, suffix);
    // Several trainings may have the model that is in the label.
    for (const evaluation of run.evaluations) named.set(evaluation, { ...evaluation, run: name });
    return {
      name,
      id,
      ...(log === undefined ? {} : { log }),
      ...(validationLog === undefined ? {} : { validationLog }),
      ...(unfinished === undefined ? {} : { unfinished }),
      ...(configFiles === undefined ? {} : { configFiles }),
      evaluations: run.evaluations.map((evaluation) => named.get(evaluation) ?? evaluation),
    };
  });
  return {
    project,
    name,
    suffix,
    ...(config === undefined ? {} : { config }),
    runs,
    evaluations: evaluations.map((evaluation) => named.get(evaluation) ?? evaluation),
    problems: [...problems, ...notes.map((note): Problem => ({ ...note, severity: "warning" }))],
  };
}
