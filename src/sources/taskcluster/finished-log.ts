/** The log that a run has left: the best of those that can be had. */
import { StoppedError } from "../../taskcluster/index.js";
import { ArtifactSource } from "./artifact-source.js";
import type { ArtifactStore } from "./artifact-store.js";

/** The log of the whole task, which holds what its training has printed. */
export const TASK_LOGS = ["public/logs/live_backing.log", "public/logs/live.log"] as const;
/** Marian's own log, and what stands for it. */
export const TRAINING_LOGS = ["public/build/train.log", ...TASK_LOGS] as const;

/** What came of looking for a log. */
export interface FinishedLog {
  /** Absent where none can be had. */
  readonly log?: ArtifactSource;
  /** Why it is not the first, or none, in words; absent where it is the first. */
  readonly reason?: string;
  /** Why the first can't be had; absent where it can. */
  readonly error?: Error;
}

/**
 * Downloads the first of these logs that can be had and holds anything. One that is listed may have expired, lead to
 * nowhere, or come damaged.
 *
 * @param names Of artifacts, the best first.
 * @throws StoppedError when the command is stopped.
 */
export async function finishedLog(
  store: ArtifactStore,
  run: { readonly taskId: string; readonly runId: number },
  names: readonly string[],
): Promise<FinishedLog> {
  const reasons: string[] = [];
  let empty: ArtifactSource | undefined;
  let first: Error | undefined;
  for (const name of names) {
    const ref = { ...run, name };
    try {
      const log = new ArtifactSource(store, ref, await store.size(ref));
      if (!(await store.isEmpty(ref)))
        return reasons.length === 0
          ? { log }
          : { log, reason: `${reasons.join("; ")}: read from ${name}`, ...(first && { error: first }) };
      reasons.push(`${name} is empty`);
      empty ??= log;
    } catch (error) {
      if (error instanceof StoppedError) throw error;
      first ??= error as Error;
      reasons.push(error instanceof Error ? error.message : String(error));
    }
  }
  return {
    ...(empty && { log: empty }),
    ...(reasons.length === 0 ? {} : { reason: reasons.join("; ") }),
    ...(first && { error: first }),
  };
}
