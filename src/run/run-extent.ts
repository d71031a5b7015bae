/** How far a run goes: its first and last time, its last epoch and update. */
import { PRESENT, type Rows } from "../core/layout.js";
import { lookAt } from "../core/look-at.js";
import type { TimestampFormat } from "../core/timestamp.js";
import type { RunUpdate } from "./run-reader.js";
import { currentSegment } from "./segment.js";

/** What a log tells about its run, besides counts. */
export interface RunExtent {
  /** Of the last segment that has rows. */
  readonly marianVersion?: string;
  /** When the first start or record was printed, and the last. */
  readonly started?: string;
  readonly ended?: string;
  /** Of the last training record; of the last validation record if there is none. */
  readonly lastEpoch?: number;
  readonly lastUpdate?: number;
}

/** A start or a record that has a time. */
interface Moment {
  readonly line: number;
  readonly time: string;
}

type Records = Rows["training" | "validation"];

/** Gathers the facts of one log. */
export class RunExtentReader {
  readonly #versions: { readonly segment: number; readonly version: string | undefined }[] = [];
  #first: Moment | undefined;
  #last: Moment | undefined;
  #lastRecord: Moment | undefined;
  #lastSegment = -1;
  #trained = false;
  #epoch: number | undefined;
  #update: number | undefined;

  see({ batch, segments }: RunUpdate): void {
    for (const { segment, line, timestamp, marian_version: version } of segments.values()) {
      this.#versions.push({ segment, version });
      if (timestamp !== undefined) this.#moment({ line, time: timestamp });
    }
    lookAt(batch, (rows) => this.#rows(rows, batch.time));
  }

  #rows({ training, validation }: Rows, clock: TimestampFormat): void {
    this.#records(training, clock);
    this.#records(validation, clock);
    if (training.length > 0) {
      this.#trained = true;
      this.#epoch = training.epoch[training.length - 1];
      this.#update = training.up[training.length - 1];
    } else if (validation.length > 0 && !this.#trained) {
      const last = validation.length - 1;
      this.#epoch = (validation.present[last] ?? 0) & PRESENT.epoch ? validation.epoch[last] : undefined;
      this.#update = validation.up[last];
    }
  }

  get facts(): RunExtent {
    const current = currentSegment(this.#versions, this.#lastSegment);
    return {
      ...(current?.version === undefined ? {} : { marianVersion: current.version }),
      ...(this.#first === undefined ? {} : { started: this.#first.time }),
      ...(this.#last === undefined ? {} : { ended: this.#last.time }),
      ...(this.#epoch === undefined ? {} : { lastEpoch: this.#epoch }),
      ...(this.#update === undefined ? {} : { lastUpdate: this.#update }),
    };
  }

  /** When the last record was printed; undefined if that is unknown. */
  get lastRecord(): string | undefined {
    return this.#lastRecord?.time;
  }

  #records(records: Records, clock: TimestampFormat): void {
    if (records.length === 0) return;
    for (const row of [0, records.length - 1]) {
      const present = records.present[row] ?? 0;
      this.#lastSegment = Math.max(this.#lastSegment, records.segment[row] ?? 0);
      if ((present & PRESENT.timestamp) === 0) continue;
      const time = clock.format(
        records.timestamp[row] ?? 0,
        (present & PRESENT.utc) !== 0,
        records.segment[row] ?? 0,
      );
      const moment = { line: records.line[row] ?? 0, time };
      this.#moment(moment);
      if (this.#lastRecord === undefined || moment.line >= this.#lastRecord.line) this.#lastRecord = moment;
    }
  }

  #moment(moment: Moment): void {
    if (this.#first === undefined || moment.line < this.#first.line) this.#first = moment;
    if (this.#last === undefined || moment.line >= this.#last.line) this.#last = moment;
  }
}
