/** The answers of Taskcluster: the fields that are used, checked; all others are dropped. */
import * as z from "zod";
import { SLUG } from "./address.js";
import { TaskclusterError } from "./errors.js";

const slug = z.string().regex(SLUG);

/** One attempt of a worker to carry out a task. */
const run = z.object({
  /** From 0. */
  runId: z.int().min(0).max(1000),
  state: z.enum(["pending", "running", "completed", "failed", "exception"]),
  /** `scheduled`, or `retry` after the worker was taken away. */
  reasonCreated: z.string(),
  /** `completed`, `failed`, `worker-shutdown`, `claim-expired` … Absent while it goes on. */
  reasonResolved: z.string().optional(),
  /** ISO 8601, UTC, as all times here. */
  started: z.string().optional(),
  resolved: z.string().optional(),
});

const status = z.object({
  taskId: slug,
  taskGroupId: slug,
  state: z.enum(["unscheduled", "pending", "running", "completed", "failed", "exception"]),
  /** In the order of their ids; empty while the task is unscheduled. */
  runs: z.array(run),
});

const task = z.object({
  taskGroupId: slug,
  dependencies: z.array(slug).default([]),
  /** What the dependencies must be before the task is scheduled. */
  requires: z.enum(["all-completed", "all-resolved"]).default("all-completed"),
  tags: z.object({ kind: z.string().optional(), label: z.string().optional() }).default({}),
  metadata: z.object({ name: z.string() }),
});

/** The definition of a task. */
export const taskSchema = task.extend({
  /** What the task's makers add; of an action its input. */
  extra: z.record(z.string(), z.unknown()).default({}),
});

export const statusSchema = z.object({ status });

export const statusesSchema = z.object({
  statuses: z.array(z.object({ taskId: slug, status })),
  continuationToken: z.string().optional(),
});

export const indexedTaskSchema = z.object({ taskId: slug });

export const groupSchema = z.object({
  taskGroupId: slug,
  expires: z.string(),
  sealed: z.string().optional(),
});

export const groupPageSchema = z.object({
  tasks: z.array(z.object({ status, task })),
  continuationToken: z.string().optional(),
});

const artifact = z.object({
  name: z.string().max(1024),
  /** `s3`, `object`, `reference`, `link` or `error`. */
  storageType: z.string(),
});

export const artifactPageSchema = z.object({
  artifacts: z.array(artifact),
  continuationToken: z.string().optional(),
});

export const secretSchema = z.object({ secret: z.record(z.string(), z.unknown()) });

/** One attempt of a worker to carry out a task. */
export type TaskRun = Readonly<z.infer<typeof run>>;
/** Where a task stands, with its runs in order. */
export type TaskStatus = Readonly<z.infer<typeof status>>;
/** The definition of a task. */
export type TaskDefinition = Readonly<z.infer<typeof taskSchema>>;
/** A task as the list of its group shows it. */
export type GroupTask = Readonly<z.infer<typeof groupPageSchema>["tasks"][number]>;
/** What is known of a group besides its tasks. */
export type TaskGroup = Readonly<z.infer<typeof groupSchema>>;
/** A file that a run has left. */
export type Artifact = Readonly<z.infer<typeof artifact>>;

/**
 * The answer, if it has the form asked for.
 *
 * @throws TaskclusterError (`malformed-answer`) naming the first field that has not.
 */
export function checked<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  what: string,
): z.infer<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const place = issue === undefined || issue.path.length === 0 ? "" : `${issue.path.join(".")}: `;
  throw new TaskclusterError(
    "malformed-answer",
    `${what}: the answer is not in Taskcluster's form (${place}${issue?.message ?? "unknown"}). Is TASKCLUSTER_ROOT_URL the address of a Taskcluster deployment?`,
  );
}
