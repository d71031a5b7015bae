/** What the stand-in holds: groups, tasks and their artifacts, in the form in which they are answered. */

/** A run, as answers hold it. */
export interface StoredRun {
  runId: number;
  state: "pending" | "running" | "completed" | "failed" | "exception";
  reasonCreated: string;
  reasonResolved?: string;
  workerGroup?: string;
  workerId?: string;
  takenUntil?: string;
  scheduled: string;
  started?: string;
  resolved?: string;
}

/** The status of a task, as answers hold it. */
export interface StoredStatus {
  readonly taskId: string;
  readonly taskGroupId: string;
  state: string;
  readonly runs: StoredRun[];
}

/** An artifact. All but `name` and `storageType` has defaults. */
export interface StoredArtifact {
  readonly name: string;
  storageType: string;
  readonly expires: string;
  readonly contentType: string;
  contentLength?: number;
  /** Where a link leads; default, of a live.log, to the live_backing.log beside it. Not a part of answers. */
  link?: string;
}

/** A task: its definition as answered, its status, and its artifacts by run. */
export interface StoredTask {
  readonly definition: {
    readonly taskGroupId: string;
    readonly dependencies: readonly string[];
    readonly tags: Readonly<Record<string, string>>;
    readonly metadata: { readonly name: string };
  };
  readonly status: StoredStatus;
  readonly artifacts: Map<number, StoredArtifact[]>;
}

/** A group, as `getTaskGroup` answers it. */
export interface StoredGroup {
  readonly taskGroupId: string;
  readonly schedulerId: string;
  readonly expires: string;
}

/** A whole group to load. */
export interface GroupData {
  readonly group: StoredGroup;
  /** The definition of the task whose id is the group's; it belongs to another group. */
  readonly action: StoredTask["definition"] | undefined;
  readonly tasks: readonly { readonly task: StoredTask["definition"]; readonly status: StoredStatus }[];
  /** Artifacts of the last run, by task. */
  readonly artifacts: ReadonlyMap<string, readonly StoredArtifact[]>;
}

/** Groups and tasks in memory. */
export class Store {
  readonly groups = new Map<string, { readonly info: StoredGroup; readonly taskIds: string[] }>();
  readonly tasks = new Map<string, StoredTask>();
  /** Definitions of tasks of which nothing else is known. */
  readonly actions = new Map<string, StoredTask["definition"]>();

  /** Ids of tasks by their paths in the index. */
  readonly index = new Map<string, string>();

  /** Adds a group; it is copied, so that tests may change what the store holds. */
  add(data: GroupData): void {
    const { group, action, tasks, artifacts } = structuredClone(data);
    if (action !== undefined) this.actions.set(group.taskGroupId, action);
    this.groups.set(group.taskGroupId, {
      info: group,
      taskIds: tasks.map(({ status }) => status.taskId).sort(),
    });
    for (const { task, status } of tasks) {
      const runs = new Map<number, StoredArtifact[]>();
      const last = status.runs.at(-1);
      if (last !== undefined) runs.set(last.runId, [...(artifacts.get(status.taskId) ?? [])]);
      this.tasks.set(status.taskId, { definition: task, status, artifacts: runs });
    }
  }

  /** The task of this id or label, or an Error when it isn't there. */
  task(name: string): StoredTask {
    const found =
      this.tasks.get(name) ??
      [...this.tasks.values()].find(({ definition }) => definition.metadata.name === name);
    if (found === undefined) throw new Error(`no task ${name}`);
    return found;
  }

  /** An artifact of a task's last run; made when it isn't there. */
  artifact(task: string, name: string, runId?: number): StoredArtifact {
    const stored = this.task(task);
    const run = runId ?? stored.status.runs.at(-1)?.runId ?? 0;
    const list = stored.artifacts.get(run) ?? [];
    stored.artifacts.set(run, list);
    const found = list.find((artifact) => artifact.name === name);
    if (found !== undefined) return found;
    const made = newArtifact(name);
    list.push(made);
    return made;
  }

  /** Takes an artifact of a task's last run away. */
  removeArtifact(task: string, name: string): void {
    const stored = this.task(task);
    for (const [run, list] of stored.artifacts)
      stored.artifacts.set(
        run,
        list.filter((artifact) => artifact.name !== name),
      );
  }

  /** Forgets a task, as if it had expired. */
  expire(taskId: string): void {
    this.tasks.delete(taskId);
    this.actions.delete(taskId);
    this.groups.delete(taskId);
  }
}

/** An artifact in storage. */
export function newArtifact(name: string, storageType = "s3"): StoredArtifact {
  return {
    name,
    storageType,
    expires: "2027-11-18T18:59:48.406Z",
    contentType: name.endsWith(".json") ? "application/json" : "text/plain; charset=utf-8",
  };
}
