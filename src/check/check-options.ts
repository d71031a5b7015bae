/** When something is worth a finding. */
import { FINDING_KINDS, type FindingKind } from "./finding.js";

/** Thresholds of the checks. */
export interface CheckOptions {
  /** What to look for. Default: everything. */
  readonly kinds?: Iterable<FindingKind>;
  /**
   * The cost is far above its best if it exceeds the best times this (and has lost a tenth of the gain since the
   * start). Default: 1.5.
   */
  readonly divergence?: number;
  /** … and diverges if this many rows do, with up to three lower ones in a row between them. Default: 20. */
  readonly divergenceRows?: number;
  /**
   * A metric that stalls this often is a warning. Default: the `early-stopping` of the configuration, which is not a
   * warning but the intended end; 20 if early stopping is off.
   */
  readonly stalled?: number;
  /** A silence of this many seconds (and ten times the usual) is a gap. Default: 1800. */
  readonly gapSeconds?: number;
  /** Words per second below this part of their median are low. Default: 0.5. */
  readonly throughput?: number;
  /** … and worth a finding if this many rows in a row are. Default: 10. */
  readonly throughputRows?: number;
  /**
   * Whether nothing can follow the end of the log, as with a pipe: without `Training finished` the training then died. A
   * function is called at the end of the log. Default: no.
   */
  readonly closed?: boolean | (() => boolean);
  /**
   * Whether the log changed while it was read: a training that has not ended is then running. A function is called at
   * the end of the log. Default: no.
   */
  readonly running?: boolean | (() => boolean);
}

/** All thresholds. */
export interface Thresholds extends Required<Omit<CheckOptions, "kinds" | "stalled" | "closed" | "running">> {
  readonly kinds: ReadonlySet<FindingKind>;
  readonly stalled: number | undefined;
  readonly closed: () => boolean;
  readonly running: () => boolean;
}

/** The thresholds of options, with the defaults. */
export function thresholds({
  kinds = FINDING_KINDS,
  divergence = 1.5,
  divergenceRows = 20,
  stalled,
  gapSeconds = 1800,
  throughput = 0.5,
  throughputRows = 10,
  closed = false,
  running = false,
}: CheckOptions = {}): Thresholds {
  return {
    kinds: new Set(kinds),
    divergence,
    divergenceRows,
    stalled,
    gapSeconds,
    throughput,
    throughputRows,
    closed: typeof closed === "function" ? closed : () => closed,
    running: typeof running === "function" ? running : () => running,
  };
}
