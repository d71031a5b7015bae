/** `throughput`: words per second far below their median for long. */
import type { Thresholds } from "./check-options.js";
import { Check, type LogPosition, type ReportFinding } from "./finding.js";
import { counted, formatValue, updates } from "./format.js";
import { positionOf, type TrainingRow } from "./records.js";
import { RunningMedian } from "./running-median.js";

/** So many rows are needed for a usual speed. */
const ENOUGH = 20;

/** Rows in a row that are slow. */
interface Slow {
  readonly position: LogPosition;
  rows: number;
  sum: number;
  last: number;
}

/** Watches the speed of one part of a log. A single slow row is a validation. */
export class ThroughputCheck extends Check {
  readonly #part: number;
  readonly #rows: number;
  #median = new RunningMedian();
  #slow: Slow | undefined;

  constructor({ throughput, throughputRows }: Thresholds, report: ReportFinding) {
    super(report);
    this.#part = throughput;
    this.#rows = throughputRows;
  }

  training(row: TrainingRow): void {
    const { rate, up } = row;
    if (rate === undefined || !Number.isFinite(rate)) return;
    if (this.#median.count >= ENOUGH && rate < this.#median.value * this.#part) {
      this.#slow ??= { position: positionOf(row), rows: 0, sum: 0, last: up };
      this.#slow.rows += 1;
      this.#slow.sum += rate;
      this.#slow.last = up;
      return;
    }
    this.#settle(false);
    this.#median.add(rate);
  }

  /** A new part of the log, which may run on another machine; or its end. */
  end(ofLog: boolean): void {
    this.#settle(ofLog);
    this.#median = new RunningMedian();
  }

  #settle(open: boolean): void {
    const slow = this.#slow;
    this.#slow = undefined;
    if (slow === undefined || slow.rows < this.#rows) return;
    const { position, rows, sum, last } = slow;
    const rate = sum / rows;
    const median = this.#median.value;
    this.report(position, {
      kind: "throughput",
      severity: "warning",
      metric: "rate",
      words:
        `${Math.round(rate)} words/s, ${formatValue(Math.round((100 * rate) / median))} % of the usual ` +
        `${Math.round(median)}, ${updates(position.up, last, open)} (${counted(rows, "row")})`,
      numbers: { rate, median_rate: median, rows, last_up: last },
    });
  }
}
