/** `order`: an epoch or a clock that goes back while updates go on. */
import { Check, type LogPosition } from "./finding.js";
import { formatSeconds } from "./format.js";
import { positionOf, type TrainingRow } from "./records.js";

/** Seconds. Lines of several threads may swap. */
const WAVER = 60;

/** Compares each training row with the one before it. */
export class OrderCheck extends Check {
  #last: LogPosition | undefined;
  #row: LogPosition | undefined;

  training(row: TrainingRow): void {
    const before = this.#row;
    if (
      before?.epoch !== undefined &&
      before.up !== undefined &&
      row.up > before.up &&
      row.epoch < before.epoch
    ) {
      this.report(row, {
        kind: "order",
        severity: "info",
        words: `the epoch goes back from ${before.epoch} to ${row.epoch}, while updates go on from ${before.up} to ${row.up}`,
        numbers: { last_epoch: before.epoch, last_up: before.up },
      });
    }
    this.#row = positionOf(row);
    this.#checkClock(row);
  }

  /** A start of Marian: epochs may restart, times go on. */
  start(): void {
    this.#row = undefined;
  }

  #checkClock(position: LogPosition): void {
    const before = this.#last;
    if (position.at === undefined) return;
    this.#last = positionOf(position);
    if (before?.at === undefined || before.utc !== position.utc) return;
    const seconds = (before.at - position.at) / 1000;
    if (seconds <= WAVER) return;
    this.report(position, {
      kind: "order",
      severity: "info",
      words: `the clock goes back by ${formatSeconds(seconds)}, after line ${before.line}`,
      numbers: { seconds },
    });
  }
}
