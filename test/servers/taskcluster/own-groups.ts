/** Small groups of the repository's own, written in short and answered in full. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type GroupData, newArtifact, type StoredRun, type StoredStatus, type StoredTask } from "./store.js";

/** The files of `fixtures/taskcluster`. */
export type OwnGroupName = "fjord" | "coast" | "brook" | "push";

interface ShortTask {
  readonly id: string;
  readonly kind?: string;
  readonly label: string;
  /** Default: completed. */
  readonly state?: string;
  /** Labels of tasks of the group, or ids of others. */
  readonly dependencies?: readonly string[];
  /** How each run ended, or `running`, `pending`. Default: one that is completed. */
  readonly runs?: readonly string[];
  /** Of the last run. */
  readonly artifacts?: readonly string[];
}

interface ShortGroup {
  readonly groupId: string;
  readonly decisionGroupId: string;
  /** Input of the action; absent for a group that a push has started. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly tasks: readonly ShortTask[];
}

const EXPIRES = "2027-11-23T19:00:00.000Z";
const CREATED = "2026-11-23T18:00:00.000Z";
const QUEUE = {
  provisionerId: "translations-1",
  workerType: "b-linux-gpu",
  taskQueueId: "translations-1/b-linux-gpu",
  schedulerId: "translations-level-1",
  projectId: "none",
  priority: "low",
  deadline: "2026-11-30T18:00:00.000Z",
  expires: EXPIRES,
};

/** Reads a group. */
export function ownGroup(name: OwnGroupName): GroupData {
  const file = fileURLToPath(new URL(`../../../fixtures/taskcluster/${name}.json`, import.meta.url));
  const short = JSON.parse(readFileSync(file, "utf8")) as ShortGroup;
  const ids = new Map(short.tasks.map(({ id, label }) => [label, id]));
  return {
    group: { taskGroupId: short.groupId, schedulerId: QUEUE.schedulerId, expires: EXPIRES },
    action: actionOf(short),
    tasks: short.tasks.map((task) => ({
      task: definitionOf(task, short.groupId, ids),
      status: statusOf(task, short.groupId),
    })),
    artifacts: new Map(
      short.tasks.map(({ id, artifacts = [] }) => [id, artifacts.map((path) => newArtifact(path))]),
    ),
  };
}

function actionOf({ groupId, decisionGroupId, config }: ShortGroup): StoredTask["definition"] {
  const { expires, ...queue } = QUEUE;
  return {
    ...queue,
    taskGroupId: decisionGroupId,
    dependencies: [],
    requires: "all-completed",
    routes: [],
    retries: 5,
    created: CREATED,
    expires,
    scopes: [],
    payload: {},
    metadata: metadataOf(config === undefined ? "Decision Task" : "Action: Train"),
    tags: { kind: config === undefined ? "decision-task" : "action-callback" },
    extra:
      config === undefined
        ? { tasks_for: "github-push" }
        : {
            tasks_for: "action",
            action: { name: "train", context: { input: config, taskGroupId: groupId } },
          },
  } as StoredTask["definition"];
}

function definitionOf(
  { kind, label, dependencies = [] }: ShortTask,
  taskGroupId: string,
  ids: ReadonlyMap<string, string>,
): StoredTask["definition"] {
  return {
    ...QUEUE,
    taskGroupId,
    dependencies: dependencies.map((name) => ids.get(name) ?? name),
    requires: "all-completed",
    routes: [],
    retries: 5,
    created: CREATED,
    scopes: [],
    payload: {},
    metadata: metadataOf(label),
    tags: kind === undefined ? {} : { kind, label },
    extra: {},
  } as StoredTask["definition"];
}

function metadataOf(name: string): StoredTask["definition"]["metadata"] {
  return {
    name,
    owner: "owner@example.com",
    source: "https://example.com/pipeline",
    description: "A task of the tests.",
  } as StoredTask["definition"]["metadata"];
}

function statusOf(
  { id, state = "completed", runs = ["completed"] }: ShortTask,
  taskGroupId: string,
): StoredStatus {
  return {
    ...QUEUE,
    taskId: id,
    taskGroupId,
    retriesLeft: 5,
    state,
    runs: runs.map((end, runId) => runOf(end, runId)),
  } as StoredStatus;
}

/** A run that ended so; the runs of a task follow each other, an hour each. */
export function runOf(end: string, runId: number): StoredRun {
  const hour = String(runId + 10).padStart(2, "0");
  const scheduled = {
    runId,
    reasonCreated: runId === 0 ? "scheduled" : "retry",
    scheduled: `2026-11-24T${hour}:00:00.000Z`,
  };
  if (end === "pending") return { ...scheduled, state: "pending" };
  const worker = { workerGroup: "us-central1-a", workerId: "4909417939093873369" };
  const started = {
    ...scheduled,
    ...worker,
    started: `2026-11-24T${hour}:00:30.000Z`,
    takenUntil: `2026-11-24T${hour}:59:00.000Z`,
  };
  if (end === "running") return { ...started, state: "running" };
  const state = end === "completed" || end === "failed" ? end : "exception";
  return { ...started, state, reasonResolved: end, resolved: `2026-11-24T${hour}:50:30.000Z` };
}
