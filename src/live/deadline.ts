/** Time limits for questions that must not hold anything up. */

/**
 * A signal that is aborted after some milliseconds, or soon after another one is. (Signals of `AbortSignal.any` and
 * `AbortSignal.timeout` together may be forgotten by Node 20 before their time.)
 */
export function deadline(milliseconds: number, stop: AbortSignal, afterStop = 0): AbortSignal {
  const controller = new AbortController();
  const end = (): void => controller.abort();
  setTimeout(end, milliseconds).unref();
  const hurry = (): void => {
    setTimeout(end, afterStop).unref();
  };
  if (stop.aborted) hurry();
  else stop.addEventListener("abort", hurry, { once: true });
  return controller.signal;
}
