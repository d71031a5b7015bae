/** Signals, as the processes of the pipe take them: what ends them is the end of their input. */

/**
 * Signals that end a process unless it takes them. Whoever sends them means the training, to whose whole group they go:
 * a terminal that is closed, a quota of CPU, a cluster that warns its jobs.
 */
const OTHERS = ["SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGXCPU"] as const;

/** The order to end. */
export interface StopRequest {
  readonly signal: AbortSignal;
  /** Which signal came first; undefined if none came. */
  readonly received: "SIGINT" | "SIGTERM" | undefined;
}

/** Lives on, whatever signal comes that is no order to end. Node forgets that a parent has some of them ignored. */
export function ignoreOtherSignals(): void {
  for (const name of OTHERS) process.on(name, () => {});
}

/**
 * Watches for both signals that ask for an end: what there is is to be delivered soon. Further ones change nothing.
 *
 * @param abandoned Asks for the same without a signal.
 */
export function watchPipeSignals(abandoned?: AbortSignal): StopRequest {
  const controller = new AbortController();
  let received: StopRequest["received"];
  ignoreOtherSignals();
  // Whoever passes standard input on may have been killed.
  process.stderr.on("error", () => {});
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.on(name, () => {
      received ??= name;
      controller.abort();
    });
  }
  abandoned?.addEventListener("abort", () => controller.abort(), { once: true });
  return {
    signal: controller.signal,
    get received() {
      return received;
    },
  };
}

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
