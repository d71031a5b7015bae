/** From batches to updates: what publishers get. */
import type { Batch } from "../core/batch.js";
import { type Counts, KIND, PRESENT } from "../core/layout.js";
import type { BatchParser } from "../core/log-parser.js";
import type { SegmentMeasurement } from "../core/measurement.js";
import { validMetrics } from "./marian-config.js";
import { readSegment, type Segment } from "./segment.js";
import { PointAssembler, type ValidationPoint, type ValidationRecord } from "./validation-point.js";

/** What one chunk of a log brought. */
export interface RunUpdate {
  /** The columns and rows. */
  readonly batch: Batch;
  /** The bytes that were read; absent at the end of the log. */
  readonly chunk: Uint8Array | undefined;
  /** Starts of Marian, by the index of their event in the batch. */
  readonly segments: ReadonlyMap<number, Segment>;
  /**
   * Validation points that closed, in the order of their closing: a partial one may come after later ones. The rows of
   * the batch are in the order of the log.
   */
  readonly points: readonly ValidationPoint[];
  /** All metrics of the run up to now, in the order of their first record. */
  readonly metricNames: ReadonlySet<string>;
}

/** What a run held, counted. */
export interface RunTally {
  counts: Counts;
  points: number;
  partialPoints: number;
  /** Restarts included; 0 if the log shows no start of Marian. */
  segments: number;
  metrics: string[];
  versions: string[];
  unmatchedSamples: { line: number; text: string }[];
  warnings: string[];
}

/** Reads one run, chunk by chunk. */
export class RunReader {
  readonly #parser: BatchParser;
  readonly #points = new PointAssembler();
  readonly #versions = new Set<string>();
  readonly #warnings = new Set<string>();
  readonly #samples: { line: number; text: string }[] = [];
  #counts: Counts;
  #closed = 0;
  #partial = 0;

  constructor(parser: BatchParser) {
    this.#parser = parser;
    this.#counts = parser.counts;
  }

  /** Reads a chunk of the log. */
  async read(chunk: Uint8Array): Promise<RunUpdate> {
    return this.#update(this.#parser.feed(chunk), chunk);
  }

  /**
   * Takes what the parser made of a chunk that it has read.
   *
   * @param chunk Copies the chunk; most publishers never ask for it.
   */
  async take(batch: Batch, chunk: () => Uint8Array): Promise<RunUpdate> {
    return this.#update(batch, chunk);
  }

  /** Takes what the parser gives that waits no longer. */
  async settle(batch: Batch): Promise<RunUpdate> {
    return this.#update(batch, new Uint8Array(0));
  }

  /** Ends the log. */
  async finish(): Promise<RunUpdate> {
    const batch = this.#parser.finish();
    const update = await this.#update(batch, undefined);
    return { ...update, points: [...update.points, ...this.#count(this.#points.finish())] };
  }

  /** What was found up to now. */
  get tally(): RunTally {
    return {
      counts: this.#counts,
      points: this.#closed,
      partialPoints: this.#partial,
      segments: this.#counts.starts,
      metrics: [...this.#points.metricNames],
      versions: [...this.#versions],
      unmatchedSamples: this.#samples,
      warnings: [...this.#warnings],
    };
  }

  async #update(batch: Batch, chunk: Uint8Array | (() => Uint8Array) | undefined): Promise<RunUpdate> {
    const points: ValidationPoint[] = [];
    const segments = await this.#segments(batch);
    let training = 0;
    let validation = 0;
    let event = 0;
    const record = new BatchRecord(batch);
    const { order } = batch;
    for (let row = 0; row < order.length; row += 1) {
      const kind = order[row];
      if (kind === KIND.training) {
        if (this.#points.waitsForTraining)
          add(points, this.#points.training(batch.training.up[training] ?? 0));
        training += 1;
      } else if (kind === KIND.validation) {
        record.row = validation;
        add(points, this.#points.validation(record));
        validation += 1;
      } else {
        const segment = segments.get(event);
        if (segment !== undefined) add(points, this.#points.segment(validMetrics(segment.config)));
        event += 1;
      }
    }
    this.#counts = batch.counts;
    return {
      batch,
      get chunk() {
        return typeof chunk === "function" ? chunk() : chunk;
      },
      segments,
      points: this.#count(points),
      metricNames: this.#points.metricNames,
    };
  }

  /** Reads the configurations before the rows are looked at, so that the rest needs no waiting. */
  async #segments(batch: Batch): Promise<Map<number, Segment>> {
    const segments = new Map<number, Segment>();
    for (const [index, { kind, line, texts }] of batch.events.entries()) {
      if (kind === KIND.unmatched) this.#samples.push({ line, text: texts[0] ?? "" });
      if (kind !== KIND.segment) continue;
      const segment = await readSegment(batch.event(index) as SegmentMeasurement, this.#parser.time.isGiven);
      segments.set(index, segment);
      if (segment.marian_version !== undefined) this.#versions.add(segment.marian_version);
      for (const warning of segment.warnings) this.#warnings.add(warning);
    }
    return segments;
  }

  #count(points: readonly ValidationPoint[]): readonly ValidationPoint[] {
    this.#closed += points.length;
    for (const point of points) if (point.partial) this.#partial += 1;
    return points;
  }
}

function add(points: ValidationPoint[], closed: readonly ValidationPoint[]): void {
  for (const point of closed) points.push(point);
}

/** One validation row of a batch after the other: of the millions of an archive none becomes an object of its own. */
class BatchRecord implements ValidationRecord {
  row = 0;
  readonly #batch: Batch;
  readonly #columns: Batch["validation"];

  constructor(batch: Batch) {
    this.#batch = batch;
    this.#columns = batch.validation;
  }

  get segment(): number {
    return this.#columns.segment[this.row] ?? 0;
  }

  get line(): number {
    return this.#columns.line[this.row] ?? 0;
  }

  get timestamp(): string | undefined {
    return this.#batch.validationTimestamp(this.row);
  }

  get epoch(): number | undefined {
    return this.#has(PRESENT.epoch) ? this.#columns.epoch[this.row] : undefined;
  }

  get up(): number {
    return this.#columns.up[this.row] ?? 0;
  }

  get metric(): string {
    return this.#batch.metricName(this.#columns.metric[this.row] ?? 0);
  }

  get value(): number {
    return this.#columns.value[this.row] ?? 0;
  }

  get stalled(): number | undefined {
    return this.#has(PRESENT.stalled) ? this.#columns.stalled[this.row] : undefined;
  }

  get best(): number | undefined {
    return this.#has(PRESENT.best) ? this.#columns.best[this.row] : undefined;
  }

  #has(bit: number): boolean {
    return ((this.#columns.present[this.row] ?? 0) & bit) !== 0;
  }
}

/** Whether any training row of the batch has label counts. */
export function hasLabels(batch: Batch): boolean {
  return (batch.trainingPresent & (PRESENT.labels | PRESENT.batch_labels | PRESENT.total_labels)) !== 0;
}

/** Whether a batch holds a measurement: a training row, a validation record or a match of a pattern. */
export function isMeasured({ training, validation, events }: Batch): boolean {
  return training.length > 0 || validation.length > 0 || events.some(({ kind }) => kind === KIND.pattern);
}
