/** SIGINT and SIGTERM: the first asks for an orderly end, a second ends at once. */

/** The state of the request to stop. */
export interface StopSignal {
  readonly signal: AbortSignal;
  /** Which one came. */
  readonly received: "SIGINT" | "SIGTERM" | undefined;
}

/** Watches for both signals; a further one has Node's own effect. */
export function watchStopSignals(): StopSignal {
  const controller = new AbortController();
  let received: "SIGINT" | "SIGTERM" | undefined;
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.once(name, () => {
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
