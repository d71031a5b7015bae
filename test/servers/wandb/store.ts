import { createHash, randomBytes } from "node:crypto";

/** The line files that a file_stream request may write. */
export const LINE_FILES = [
  "wandb-history.jsonl",
  "wandb-events.jsonl",
  "wandb-summary.json",
  "output.log",
] as const;

/** Name of a line file of a run. */
export type LineFile = (typeof LINE_FILES)[number];

/** A file's bytes with what was known when they were stored. */
export interface StoredFile {
  readonly bytes: Buffer;
  readonly updatedAt: string;
}

/** A run as the stand-in keeps it. `id` is the user's run id, `storageId` the opaque one. */
export interface StoredRun {
  readonly storageId: string;
  readonly entity: string;
  readonly project: string;
  readonly id: string;
  readonly createdAt: string;
  readonly lines: Record<LineFile, string[]>;
  /** Uploaded bytes by name; visible to readers only once the name was reported as uploaded. */
  readonly uploads: Map<string, StoredFile>;
  readonly visible: Set<string>;
  displayName: string;
  group: string | null;
  jobType: string | null;
  notes: string | null;
  description: string | null;
  tags: string[];
  config: string;
  summary: string;
  host: string | null;
  program: string | null;
  state: string;
  exitCode: number | null;
  heartbeatAt: string;
  preempting: boolean;
  /** Set by a test to answer `stopped: true`. */
  stopped: boolean;
}

/** One version of an artifact. */
export interface StoredArtifact {
  readonly id: string;
  readonly entity: string;
  readonly project: string;
  readonly collection: string;
  readonly type: string;
  readonly digest: string;
  readonly clientId: string;
  readonly sequenceClientId: string;
  readonly runId: string | null;
  readonly aliases: Set<string>;
  readonly createdAt: string;
  readonly historyStep: number | null;
  readonly description: string | null;
  readonly metadata: string | null;
  /** Announced files: base64 md5 and, once uploaded, the bytes. */
  readonly files: Map<string, { readonly md5: string; bytes: Buffer | null }>;
  state: "PENDING" | "COMMITTED";
  versionIndex: number | null;
  manifest: { readonly id: string; md5: string; bytes: Buffer | null } | null;
}

/** A project; `internalId` is a number in base64 as the hosted service shows it. */
export interface StoredProject {
  readonly entity: string;
  readonly name: string;
  readonly number: number;
}

/** Everything the stand-in remembers. */
export class Store {
  readonly projects = new Map<string, StoredProject>();
  readonly runs = new Map<string, StoredRun>();
  readonly artifacts: StoredArtifact[] = [];
  /** `entity/project/id` of deleted runs: their ids stay reserved. */
  readonly deleted = new Set<string>();
  #clock = Date.parse("2026-01-01T00:00:00Z");

  /** A new timestamp, each one second after the one before, so that orders by time are certain. */
  now(): string {
    this.#clock += 1000;
    return new Date(this.#clock).toISOString().replace(".000Z", "");
  }

  /** The project, made when it is missing and `create` is set. */
  project(entity: string, name: string, create = false): StoredProject | undefined {
    const key = `${entity}/${name}`;
    const known = this.projects.get(key);
    if (known !== undefined || !create) return known;
    const project = { entity, name, number: this.projects.size + 1 };
    this.projects.set(key, project);
    return project;
  }

  /** The run, undefined when there is none. */
  run(entity: string, project: string, id: string): StoredRun | undefined {
    return this.runs.get(`${entity}/${project}/${id}`);
  }

  /** The run with this storage id. */
  runByStorageId(storageId: string): StoredRun | undefined {
    return [...this.runs.values()].find((run) => run.storageId === storageId);
  }

  /** Makes an empty run. */
  createRun(entity: string, project: string, id: string): StoredRun {
    const createdAt = this.now();
    const run: StoredRun = {
      storageId: Buffer.from(`Run:v1:${id}:${project}:${entity}`).toString("base64"),
      entity,
      project,
      id,
      createdAt,
      lines: {
        "wandb-history.jsonl": [],
        "wandb-events.jsonl": [],
        "wandb-summary.json": [],
        "output.log": [],
      },
      uploads: new Map(),
      visible: new Set(),
      displayName: id,
      group: null,
      jobType: null,
      notes: null,
      description: null,
      tags: [],
      config: "{}",
      summary: "{}",
      host: null,
      program: null,
      state: "running",
      exitCode: null,
      heartbeatAt: createdAt,
      preempting: false,
      stopped: false,
    };
    this.project(entity, project, true);
    this.runs.set(`${entity}/${project}/${id}`, run);
    return run;
  }

  /** Deletes a run; its id can't be used again. */
  deleteRun(run: StoredRun): void {
    const key = `${run.entity}/${run.project}/${run.id}`;
    this.runs.delete(key);
    this.deleted.add(key);
  }

  /** The artifact with this server id, or with this client id. */
  artifact(id: string): StoredArtifact | undefined {
    return this.artifacts.find((artifact) => artifact.id === id || artifact.clientId === id);
  }

  /** Committed and pending versions of a collection, oldest first. */
  versions(entity: string, project: string, collection: string): StoredArtifact[] {
    return this.artifacts.filter(
      (artifact) =>
        artifact.entity === entity && artifact.project === project && artifact.collection === collection,
    );
  }

  /** An opaque id. */
  newId(kind: string): string {
    return Buffer.from(`${kind}:${randomBytes(6).toString("hex")}`).toString("base64url");
  }
}

/** Base64 of the md5 of some bytes. */
export function md5Base64(bytes: Buffer | string): string {
  return createHash("md5").update(bytes).digest("base64");
}
