/** Signals, as the processes of the pipe take them: what ends them is the end of their input. */

/**
 * Signals that end a process unless it takes them. Whoever sends them means the training, to whose whole group they go:
 * a terminal that is closed, a quota of CPU, a cluster that warns its jobs.
 */
const OTHERS = ["SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGXCPU"] as const;

/** The signal that asked for the end, as exit codes and receipts know it. */
export type StopName = "SIGINT" | "SIGTERM";

/** The request to end. */
export interface StopRequest {
  readonly signal: AbortSignal;
  /** Which signal came first; undefined if none came. A terminal that was closed counts as SIGTERM. */
  readonly received: StopName | undefined;
}

let received: StopName | undefined;

/** Notes the first signal; further ones change nothing. */
export function noteStop(name: StopName): void {
  received ??= name;
}

/** The signal that asked this process to end; undefined if none came. Its exit code goes before the command's. */
export function stopReceived(): StopName | undefined {
  return received;
}

/** A request to end that no signal has made yet. */
export function stopRequest(signal: AbortSignal): StopRequest {
  return {
    signal,
    get received() {
      return received;
    },
  };
}

/**
 * Waits until the signals sent so far have reached their listeners. Node calls them when its event loop polls, maybe
 * after the end of the input that was sent later: a command that waits for nothing else would be over by then.
 */
export async function signalsDelivered(): Promise<void> {
  // The first may come in the turn that has polled already.
  for (let turn = 0; turn < 2; turn += 1) await new Promise((resolve) => setImmediate(resolve));
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
  const request = stopRequest(controller.signal);
  ignoreOtherSignals();
  // Whoever passes standard input on may have been killed.
  process.stderr.on("error", () => {});
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.on(name, () => {
      noteStop(name);
      controller.abort();
    });
  }
  abandoned?.addEventListener("abort", () => controller.abort(), { once: true });
  return request;
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
