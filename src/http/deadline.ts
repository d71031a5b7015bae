import type { Clock } from "./clock.js";

/** A phase of a request took longer than it may. The message says which. */
export class LateError extends Error {
  override name = "LateError";
}

/**
 * The result of some work, if it comes in time; a late one is nobody's.
 *
 * @throws LateError with the message after so many milliseconds; what the signal was aborted with as soon as it is.
 */
export async function within<Result>(
  work: Promise<Result>,
  milliseconds: number,
  message: string,
  clock: Clock,
  signal?: AbortSignal,
): Promise<Result> {
  work.catch(() => {});
  signal?.throwIfAborted();
  const done = new AbortController();
  let stop: (() => void) | undefined;
  const ended = new Promise<never>((_, reject) => {
    stop = () => reject(signal?.reason);
    signal?.addEventListener("abort", stop, { once: true });
    if (milliseconds === Number.POSITIVE_INFINITY) return;
    void clock.sleep(milliseconds, done.signal, "deadline").then(() => {
      if (!done.signal.aborted) reject(new LateError(message));
    });
  });
  try {
    return await Promise.race([work, ended]);
  } finally {
    done.abort();
    if (stop !== undefined) signal?.removeEventListener("abort", stop);
  }
}

/** Milliseconds as a text for messages. */
export function inSeconds(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  return `${seconds >= 10 ? Math.round(seconds) : Math.round(seconds * 10) / 10} s`;
}
