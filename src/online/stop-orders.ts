/** Signals, as the process takes them that only reads: who passes standard input on decides how long it may live. */

/** The order to end. */
export interface StopOrder {
  readonly signal: AbortSignal;
  /** Which signal came first. */
  readonly received: "SIGINT" | "SIGTERM" | undefined;
}

/** Watches for both signals. Further ones change nothing: a key press reaches the whole group of processes. */
export function watchStopOrders(): StopOrder {
  const controller = new AbortController();
  let received: StopOrder["received"];
  process.on("SIGHUP", () => {});
  // Whoever passes standard input on may have been killed.
  process.stderr.on("error", () => {});
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.on(name, () => {
      received ??= name;
      controller.abort();
    });
  }
  return {
    signal: controller.signal,
    get received() {
      return received;
    },
  };
}
