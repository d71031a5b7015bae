/** `divergence`: the cost rises far above its best and stays there. */
import type { Thresholds } from "./check-options.js";
import { Check, type LogPosition, type ReportFinding } from "./finding.js";
import { counted, formatValue, updates } from "./format.js";
import { positionOf, type TrainingRow } from "./records.js";

/** Rows over which the cost is averaged, so that one lucky row is not the best. */
const SMOOTHING = 10;
/** Part of the gain since the start that must be lost again: costs close to 0 are noise. */
const LOSS = 0.1;

/** So many rows in a row may dip below the limit before the cost has come down … */
const DIP = 3;
/** … if at least this part of all rows stays above it. */
const ABOVE = 0.75;

/** Rows above the limit, with short dips between them. */
interface Rise {
  readonly position: LogPosition;
  /** Above the limit, and below it; the latest in a row below it. */
  rows: number;
  below: number;
  dip: number;
  peak: number;
  last: number;
}

/**
 * Watches the cost of one part of a log.
 *
 * The best is the minimum mean of the cost (over about ten rows) so far. A cost above `best × divergence` in
 * `divergenceRows` rows is a divergence, short dips between them or not; one that comes down again is a warning only.
 */
export class DivergenceCheck extends Check {
  readonly #factor: number;
  readonly #rows: number;
  #seen = 0;
  #mean = 0;
  #first = 0;
  #best = Number.POSITIVE_INFINITY;
  #bestUpdate = 0;
  #rise: Rise | undefined;

  constructor({ divergence, divergenceRows }: Thresholds, report: ReportFinding) {
    super(report);
    this.#factor = divergence;
    this.#rows = divergenceRows;
  }

  training(row: TrainingRow): void {
    const { cost, up } = row;
    // Another check reports NaN and infinity.
    if (!Number.isFinite(cost)) return;
    if (cost > this.#limit()) {
      this.#rise ??= { position: positionOf(row), rows: 0, below: 0, dip: 0, peak: cost, last: up };
      this.#rise.rows += 1;
      this.#rise.dip = 0;
      this.#rise.peak = Math.max(this.#rise.peak, cost);
      this.#rise.last = up;
      return;
    }
    if (this.#rise !== undefined) {
      this.#rise.below += 1;
      this.#rise.dip += 1;
      if (this.#rise.dip > DIP) this.#settle(false);
    }
    this.#seen += 1;
    this.#mean += (cost - this.#mean) / Math.min(this.#seen, SMOOTHING);
    if (this.#seen === SMOOTHING) this.#first = this.#mean;
    if (this.#seen >= SMOOTHING && this.#mean < this.#best) {
      this.#best = this.#mean;
      this.#bestUpdate = up;
    }
  }

  /** Marian itself reports a divergence. */
  mark(position: LogPosition, text: string): void {
    const severity = /fallback/i.test(text) ? "warning" : "error";
    this.report(position, { kind: "divergence", severity, words: `Marian says: ${text}` });
  }

  /** A new part of the log, or its end. */
  end(ofLog: boolean): void {
    this.#settle(ofLog);
    this.#seen = 0;
    this.#mean = 0;
    this.#best = Number.POSITIVE_INFINITY;
  }

  #limit(): number {
    if (this.#seen < SMOOTHING) return Number.POSITIVE_INFINITY;
    const far = (this.#factor - 1) * Math.abs(this.#best);
    return this.#best + Math.max(far, LOSS * (this.#first - this.#best));
  }

  #settle(ofLog: boolean): void {
    const rise = this.#rise;
    this.#rise = undefined;
    if (rise === undefined || rise.rows < this.#rows) return;
    const { position, rows, below, dip, peak, last } = rise;
    const recovered = dip > 0;
    // A cost that jumps up and down all the time is noise.
    if (rows < ABOVE * (rows + below - dip)) return;
    this.report(position, {
      kind: "divergence",
      severity: recovered ? "warning" : "error",
      metric: "cost",
      words:
        `cost is far above its best, ${formatValue(this.#best)} at update ${this.#bestUpdate}, ` +
        `${updates(position.up, last, ofLog && !recovered)} (${counted(rows, "row")}, up to ${formatValue(peak)})` +
        (recovered ? "; then it came down again" : ""),
      numbers: { best: this.#best, best_up: this.#bestUpdate, peak, rows, last_up: last },
    });
  }
}
