/** From batches to updates: what publishers get. */
import type { Batch } from "../core/batch.js";
import { type Counts, KIND, PRESENT } from "../core/layout.js";
import type { BatchParser } from "../core/log-parser.js";
import type { SegmentMeasurement } from "../core/measurement.js";
import type { ClosedPoints } from "../core/points.js";
import { validMetrics } from "./marian-config.js";
import { readSegment, type Segment } from "./segment.js";
import { type ValidationPoint, validationPoints } from "./validation-point.js";

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
  /**
   * The same as numbers.
   *
   * @internal
   */
  readonly closed: ClosedPoints;
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
  /** Of the metrics, in the order of their first record. */
  readonly #names = new Set<string>();
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
    return this.#update(this.#parser.finish(), undefined);
  }

  /** What was found up to now. */
  get tally(): RunTally {
    return {
      counts: this.#counts,
      points: this.#closed,
      partialPoints: this.#partial,
      segments: this.#counts.starts,
      metrics: [...this.#names],
      versions: [...this.#versions],
      unmatchedSamples: this.#samples,
      warnings: [...this.#warnings],
    };
  }

  async #update(batch: Batch, chunk: Uint8Array | (() => Uint8Array) | undefined): Promise<RunUpdate> {
    const segments = await this.#segments(batch);
    const starts = Array.from(segments.values(), ({ config }) => validMetrics(config));
    const closed = this.#parser.points(batch, starts, chunk === undefined);
    for (let index = this.#names.size; ; index += 1) {
      const name = batch.metricName(index);
      if (name === "") break;
      this.#names.add(name);
    }
    this.#counts = batch.counts;
    this.#closed += closed.length;
    this.#partial += closed.partial;
    let points: readonly ValidationPoint[] | undefined;
    return {
      batch,
      get chunk() {
        return typeof chunk === "function" ? chunk() : chunk;
      },
      segments,
      closed,
      metricNames: this.#names,
      // They become objects only for those who ask.
      get points() {
        points ??= validationPoints(closed);
        return points;
      },
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
}

/** Whether any training row of the batch has label counts. */
export function hasLabels(batch: Batch): boolean {
  return (batch.trainingPresent & (PRESENT.labels | PRESENT.batch_labels | PRESENT.total_labels)) !== 0;
}

/** Whether a batch holds a measurement: a training row, a validation record or a match of a pattern. */
export function isMeasured({ training, validation, events }: Batch): boolean {
  return training.length > 0 || validation.length > 0 || events.some(({ kind }) => kind === KIND.pattern);
}
