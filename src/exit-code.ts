/** Exit codes; the first that applies is given. */
export const EXIT = {
  ok: 0,
  /** An input failed, contains no measurements, or (`--strict`) had unmatched lines. */
  input: 1,
  /** Wrong flags, or nothing to read. */
  usage: 2,
  /** A publisher did not deliver everything. */
  publisher: 3,
  /** A task that was followed failed, or, with `--fail-unfinished`, a training. */
  taskFailed: 4,
  interrupted: 130,
  terminated: 143,
} as const;

/** The exit code of a command that a signal has asked to end. */
export function stopCode(name: "SIGINT" | "SIGTERM"): number {
  return name === "SIGINT" ? EXIT.interrupted : EXIT.terminated;
}
