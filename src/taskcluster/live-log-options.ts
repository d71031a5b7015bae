import type { TaskStatus } from "./client/index.js";

/** How far a log was read: enough to go on after the command was started again. */
export interface LiveLogState {
  readonly runId: number;
  /** Bytes of this run's log, as its task prints it. */
  readonly bytes: number;
  /** Whether the last of them was a line end. */
  readonly atLineStart: boolean;
}

/** What happens while a log is followed. */
export type LiveLogEvent =
  /** There is no log yet: the task waits for a worker, or the worker for its log. */
  | { readonly kind: "waiting"; readonly state: TaskStatus["state"] }
  /** The connection broke; another follows. */
  | { readonly kind: "reconnecting"; readonly reason: string }
  /** The queue does not answer; it is asked again. */
  | { readonly kind: "unreachable"; readonly reason: string }
  /** The run is over but not the task: its next run follows. */
  | { readonly kind: "next-run"; readonly runId: number; readonly reason: string | undefined }
  /** The run is over, and the log that is best of those it leaves can't be had: the rest comes from another. */
  | { readonly kind: "other-log"; readonly runId: number; readonly reason: string }
  /** The run is over, and the rest of its log can't be had. */
  | { readonly kind: "incomplete"; readonly runId: number; readonly reason: string }
  /** The task is over. */
  | {
      readonly kind: "ended";
      readonly state: "completed" | "failed" | "exception";
      readonly reason: string | undefined;
    };

/** What is followed, and from where. */
export interface LiveLogOptions {
  readonly taskId: string;
  /** The first run to read. Default: the last one that there is. */
  readonly runId?: number;
  /** Ends with the first run, whatever becomes of the task. */
  readonly onlyRun?: boolean;
  /**
   * Gives whole lines only, but for the end of the task's log: half a line of a run whose worker was taken away is left
   * out, since it may hold half a number.
   */
  readonly wholeLines?: boolean;
  /** The logs from which the rest is read when a run is over, the best first. Default: those of the task. */
  readonly logs?: readonly string[];
  /** What an earlier command has read. */
  readonly from?: LiveLogState;
  onEvent?(event: LiveLogEvent): void;
}
