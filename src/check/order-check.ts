/** `order`: an epoch or a clock that goes back, where updates go on. */
import type { Place, Report } from "./finding.js";
import { placeOf, type TrainingRow } from "./records.js";
import { formatSeconds } from "./words.js";

/** Lines of several threads may change places. Seconds. */
const WAVER = 60;

/** Compares each training row with the one before it. */
export class OrderCheck {
  readonly #report: Report;
  #last: Place | undefined;
  #row: Place | undefined;

  constructor(report: Report) {
    this.#report = report;
  }

  training(row: TrainingRow): void {
    const before = this.#row;
    if (
      before?.epoch !== undefined &&
      before.up !== undefined &&
      row.up > before.up &&
      row.epoch < before.epoch
    ) {
      this.#report(row, {
        kind: "order",
        severity: "info",
        words: `the epoch goes back from ${before.epoch} to ${row.epoch}, while updates go on from ${before.up} to ${row.up}`,
        numbers: { last_epoch: before.epoch, last_up: before.up },
      });
    }
    this.#row = placeOf(row);
    this.#see(row);
  }

  /** A start of Marian: epochs may be counted anew, times go on. */
  start(): void {
    this.#row = undefined;
  }

  #see(place: Place): void {
    const before = this.#last;
    if (place.at === undefined) return;
    this.#last = placeOf(place);
    if (before?.at === undefined || before.utc !== place.utc) return;
    const seconds = (before.at - place.at) / 1000;
    if (seconds <= WAVER) return;
    this.#report(place, {
      kind: "order",
      severity: "info",
      words: `the clock goes back by ${formatSeconds(seconds)}, after line ${before.line}`,
      numbers: { seconds },
    });
  }
}
