/** The log that a run has left: the best of those that can be had. */

import { ArtifactSource, type ArtifactStore } from "./artifact-store.js";
import { hasCode } from "./client/index.js";

/** Marian's own log. */
export const TRAIN_LOG = "public/build/train.log";
/** What is printed while a run goes on; afterwards a link to what is left of it. */
export const LIVE_LOG = "public/logs/live.log";
/** The log of the whole task, which holds what its training has printed. */
export const TASK_LOGS = ["public/logs/live_backing.log", LIVE_LOG] as const;
/** Marian's own log, and what stands for it. */
export const TRAINING_LOGS = [TRAIN_LOG, ...TASK_LOGS] as const;

/** What came of looking for a log. */
export interface FinishedLog {
  /** Absent if none can be had. */
  readonly log?: ArtifactSource;
  /** Whether nothing is in it: then nothing is in any that can be had. */
  readonly isEmpty: boolean;
  /** Why it is not the first, or why it is missing; absent for the first. */
  readonly reason?: string;
  /** Why those before it can't be had, or none: empty ones are no error. */
  readonly errors: readonly Error[];
}

/**
 * Downloads the first of these logs that can be had and holds anything. One that is listed may have expired, lead to
 * nowhere, or come damaged.
 *
 * @param names Of artifacts, the best first.
 * @throws TaskclusterError (`stopped`) when the command is stopped.
 */
export async function finishedLog(
  store: ArtifactStore,
  run: { readonly taskId: string; readonly runId: number },
  names: readonly string[],
): Promise<FinishedLog> {
  const reasons: string[] = [];
  let empty: ArtifactSource | undefined;
  const errors: Error[] = [];
  for (const name of names) {
    const ref = { ...run, name };
    try {
      const log = new ArtifactSource(store, ref, await store.size(ref));
      if (!(await store.isEmpty(ref)))
        return reasons.length === 0
          ? { log, isEmpty: false, errors }
          : { log, isEmpty: false, reason: `${reasons.join("; ")}: read from ${name}`, errors };
      reasons.push(`${name} is empty`);
      empty ??= log;
    } catch (error) {
      if (hasCode(error, "stopped")) throw error;
      errors.push(error instanceof Error ? error : new Error(String(error)));
      reasons.push(errors.at(-1)?.message ?? "");
    }
  }
  return {
    ...(empty && { log: empty }),
    isEmpty: empty !== undefined,
    ...(reasons.length === 0 ? {} : { reason: reasons.join("; ") }),
    errors,
  };
}
