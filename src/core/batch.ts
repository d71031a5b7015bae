/** One batch of columns, and its rows as objects. */
import { type Counts, KIND, type LogEvent, PRESENT, type Rows, type Views } from "./layout.js";
import { logTimeZone } from "./log-time-zone.js";
import type {
  Measurement,
  PatternMeasurement,
  SegmentMeasurement,
  TrainingMeasurement,
  ValidationMeasurement,
} from "./measurement.js";
import type { TimestampFormat } from "./timestamp.js";

/** Columns of the CSV that are not always there. */
export interface CsvColumns {
  /** `segment,line,timestamp`, before the others. */
  readonly position?: boolean;
  readonly labels: boolean;
  readonly segment: boolean;
  /** `2026-04-02T08:05:00.000Z`. A clock without a zone is taken for UTC; the cell is empty if the line has no time. */
  readonly timestamp?: boolean;
}

/** Columns of rows, and the form of these. */
export interface RowColumns extends Partial<CsvColumns> {
  /**
   * Absent: CSV. {@link TABS} or {@link JSON_FIELDS}, and {@link ROW_END} times the bytes of what stands before the rows
   * that stand after them instead, at the end.
   */
  readonly form?: number;
}

/** Cells are separated by tabs. */
export const TABS = 16;
/** Cells are fields of a JSON object; absent ones are left out. */
export const JSON_FIELDS = 32;
export const ROW_END = 64;

/** The columns as the core takes them: a bit for each, and their form. */
export function columnBits({ position, labels, segment, timestamp, form = 0 }: RowColumns): number {
  return [position, labels, segment, timestamp].reduce(
    (bits, has, at) => (has ? bits | (1 << at) : bits),
    form,
  );
}

/**
 * Formats the training rows of a batch, whose times are given in UTC, in the core's memory; throws if they are gone. The
 * text holds until the core is called again.
 */
export type WriteCsv = (columns: RowColumns, times: Float64Array, prefix: Uint8Array) => Uint8Array;

const NO_TIMES = new Float64Array(0);

/** What the texts of a start are, each empty if the log has none. */
const START_TEXTS = ["marian_version", "revision", "command_line", "config_text", "loose_text"] as const;

type Mutable<Type> = { -readonly [Key in keyof Type]: Type[Key] };

/**
 * What one call of the parser found, as columns.
 *
 * The typed arrays are the batch's own: they hold for as long as somebody has them, whatever becomes of the parser.
 */
export class Batch implements Omit<Views, "keep"> {
  /** The order of the rows: 0 the next training row, 1 the next validation row, otherwise the next event. */
  readonly order: Uint8Array;
  readonly training: Views["training"];
  readonly validation: Views["validation"];
  readonly events: readonly LogEvent[];
  readonly counts: Counts;
  /** All bits of `training.present`, or-ed. */
  readonly trainingPresent: number;
  /**
   * Writes and converts the log's times.
   *
   * @internal
   */
  readonly time: TimestampFormat;
  /**
   * Copies the columns that the batch has in the core's memory, where they hold until the parser is called again, and
   * returns the bytes that all its columns take.
   *
   * @internal
   */
  readonly keep: () => number;
  /**
   * Gives `read` the rows where the core has them; see {@link lookAt}. Absent if none lies there.
   *
   * @internal
   */
  declare look?: <Result>(read: (rows: Rows) => Result) => Result;
  readonly #metrics: readonly string[];
  readonly #csv: WriteCsv;

  /** @internal */
  constructor(views: Views, metrics: readonly string[], time: TimestampFormat, csv: WriteCsv) {
    this.keep = views.keep;
    this.order = views.order;
    this.training = views.training;
    this.validation = views.validation;
    this.events = views.events;
    this.counts = views.counts;
    this.trainingPresent = views.trainingPresent;
    this.#metrics = metrics;
    this.time = time;
    this.#csv = csv;
    for (const { kind, segment, texts } of this.events)
      if (kind === KIND.segment) time.setZone(segment, logTimeZone(texts[3]));
  }

  /** The name of the metric with this index of the `metric` column. */
  metricName(index: number): string {
    return this.#metrics[index] ?? "";
  }

  /**
   * The training rows as CSV: `epoch,up,sen,cost,time,rate,gnorm,learning_rate`, then the columns asked for; every
   * row starts with `prefix`, which must be finished CSV text.
   *
   * @throws Error when the parser has been called again: the core formats the rows that it found last.
   */
  trainingCsv(columns: CsvColumns, prefix: Uint8Array): Uint8Array {
    return this.viewTrainingCsv(columns, prefix).slice();
  }

  /**
   * The same in the core's memory, where it holds until the core is called again, by any parser of the thread.
   *
   * @internal
   */
  viewTrainingCsv(columns: RowColumns, prefix: Uint8Array): Uint8Array {
    // Without them, the core takes its own for UTC.
    const timed = columns.timestamp || columns.position;
    const times = timed && this.time.hasZones ? this.trainingTimes : NO_TIMES;
    return this.#csv(columns, times, prefix);
  }

  /**
   * When the training rows were printed: milliseconds since 1970, UTC. A clock whose zone is not known is taken for
   * UTC.
   *
   * @internal
   */
  get trainingTimes(): Float64Array {
    const { present, segment, timestamp } = this.training;
    if (!this.time.hasZones) return timestamp;
    return timestamp.map((time, row) =>
      this.time.absolute(time, ((present[row] ?? 0) & PRESENT.utc) !== 0, segment[row] ?? 0),
    );
  }

  /** The rows in the order of the log, as frozen objects; marks are not rows. */
  *measurements(): Generator<Measurement> {
    let training = 0;
    let validation = 0;
    let event = 0;
    for (let row = 0; row < this.order.length; row += 1) {
      const kind = this.order[row];
      if (kind === KIND.training) yield this.trainingRow(training++);
      else if (kind === KIND.validation) yield this.validationRow(validation++);
      else if (kind === KIND.mark) event += 1;
      else yield this.event(event++);
    }
  }

  trainingRow(row: number): TrainingMeasurement {
    const { training } = this;
    const present = training.present[row] ?? 0;
    const measurement: Mutable<TrainingMeasurement> = {
      type: "training",
      segment: training.segment[row] ?? 0,
      line: training.line[row] ?? 0,
      ...this.#timestamp(present, training.timestamp[row] ?? 0, training.segment[row] ?? 0),
      epoch: training.epoch[row] ?? 0,
      up: training.up[row] ?? 0,
      sen: training.sen[row] ?? 0,
      cost: training.cost[row] ?? 0,
    };
    if (present & PRESENT.labels) measurement.labels = training.labels[row] ?? 0;
    if (present & PRESENT.batch_labels) measurement.batch_labels = training.batch_labels[row] ?? 0;
    if (present & PRESENT.total_labels) measurement.total_labels = training.total_labels[row] ?? 0;
    if (present & PRESENT.time) measurement.time = training.time[row] ?? 0;
    if (present & PRESENT.rate) measurement.rate = training.rate[row] ?? 0;
    if (present & PRESENT.gnorm) measurement.gnorm = training.gnorm[row] ?? 0;
    if (present & PRESENT.learning_rate) measurement.learning_rate = training.learning_rate[row] ?? 0;
    return Object.freeze(measurement);
  }

  validationRow(row: number): ValidationMeasurement {
    const { validation } = this;
    const present = validation.present[row] ?? 0;
    const measurement: Mutable<ValidationMeasurement> = {
      type: "validation",
      segment: validation.segment[row] ?? 0,
      line: validation.line[row] ?? 0,
      ...this.#timestamp(present, validation.timestamp[row] ?? 0, validation.segment[row] ?? 0),
      ...(present & PRESENT.epoch ? { epoch: validation.epoch[row] ?? 0 } : {}),
      up: validation.up[row] ?? 0,
      metric: this.metricName(validation.metric[row] ?? 0),
      value: validation.value[row] ?? 0,
    };
    if (present & PRESENT.stalled) measurement.stalled = validation.stalled[row] ?? 0;
    if (present & PRESENT.best) measurement.best = validation.best[row] ?? 0;
    return Object.freeze(measurement);
  }

  /** The validation row's time as text; absent if its line has none. */
  validationTimestamp(row: number): string | undefined {
    const { present, timestamp, segment } = this.validation;
    return this.#text(present[row] ?? 0, timestamp[row] ?? 0, segment[row] ?? 0);
  }

  /** An event other than a mark. */
  event(row: number): Measurement {
    const { kind, line, segment, timestamp, up, present, texts } = this.events[row] as LogEvent;
    if (kind === KIND.unmatched) return Object.freeze({ type: "unmatched", line, text: texts[0] ?? "" });
    if (kind === KIND.pattern) {
      const values: [group: string, text: string][] = [];
      for (let at = 1; at + 1 < texts.length; at += 2) values.push([texts[at] ?? "", texts[at + 1] ?? ""]);
      const latest = present & PRESENT.up ? { up } : {};
      const pattern: PatternMeasurement = {
        type: "pattern",
        segment,
        line,
        name: texts[0] ?? "",
        ...latest,
        values: Object.fromEntries(values),
      };
      return Object.freeze(pattern);
    }
    const when = this.#timestamp(present, timestamp, segment);
    const start: Mutable<SegmentMeasurement> = { type: "segment", segment, line, ...when };
    for (const [at, name] of START_TEXTS.entries()) if (texts[at]) start[name] = texts[at] as string;
    return Object.freeze(start);
  }

  #timestamp(present: number, timestamp: number, segment: number): { timestamp?: string } {
    const text = this.#text(present, timestamp, segment);
    return text === undefined ? {} : { timestamp: text };
  }

  #text(present: number, timestamp: number, segment: number): string | undefined {
    if ((present & PRESENT.timestamp) === 0) return undefined;
    return this.time.format(timestamp, (present & PRESENT.utc) !== 0, segment);
  }
}
