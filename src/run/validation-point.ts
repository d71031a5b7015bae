/** Validation records gathered to points: all metrics of one update in one row. */
import type { ValidationMeasurement } from "../parser/measurement.js";

/** One metric of a point. */
export interface MetricValue {
  readonly value: number;
  /** How often in a row it did not improve; absent for a new best. */
  readonly stalled?: number;
  readonly best?: number;
}

/** The metrics of one (segment, epoch, update). */
export interface ValidationPoint {
  readonly segment: number;
  /** Absent before Marian 1.5. */
  readonly epoch?: number;
  readonly up: number;
  /** Line and time of its first record. */
  readonly line: number;
  readonly timestamp?: string;
  /** By Marian's name, in the order of the log. */
  readonly metrics: ReadonlyMap<string, MetricValue>;
  /** Whether an expected metric is missing. */
  readonly partial: boolean;
}

/** More open points than this and the oldest closes. */
const MAX_OPEN = 8;

interface OpenPoint {
  readonly first: ValidationMeasurement;
  readonly metrics: Map<string, MetricValue>;
}

/** Decides when a point is whole. The rules are those of a log that several writers interleave. */
export class PointAssembler {
  readonly #open: OpenPoint[] = [];
  readonly #names = new Set<string>();
  #configured: ReadonlySet<string> | undefined;
  #last: ReadonlySet<string> | undefined;

  /** Names of all metrics met, in the order of their first record. */
  get metricNames(): ReadonlySet<string> {
    return this.#names;
  }

  /** Whether a training record can close a point, so that it must be shown to {@link training}. */
  get waitsForTraining(): boolean {
    return this.#open.length > 0 && this.#expected === undefined;
  }

  get #expected(): ReadonlySet<string> | undefined {
    return this.#configured ?? this.#last;
  }

  /** Takes a record and returns the points that it closes. */
  validation(record: ValidationMeasurement): ValidationPoint[] {
    const closed: ValidationPoint[] = [];
    this.#names.add(record.metric);
    const same = (point: OpenPoint) =>
      point.first.segment === record.segment &&
      point.first.epoch === record.epoch &&
      point.first.up === record.up;
    let point = this.#open.find(same);
    if (point?.metrics.has(record.metric)) {
      this.#close(point, closed);
      point = undefined;
    }
    if (point === undefined) {
      point = { first: record, metrics: new Map() };
      this.#open.push(point);
      const [oldest] = this.#open;
      if (this.#open.length > MAX_OPEN && oldest !== undefined) this.#close(oldest, closed);
    }
    point.metrics.set(record.metric, {
      value: record.value,
      ...(record.stalled === undefined ? {} : { stalled: record.stalled }),
      ...(record.best === undefined ? {} : { best: record.best }),
    });
    this.#closeWhole(closed);
    return closed;
  }

  /** Takes the update of a training record and returns the points that it closes. */
  training(up: number): ValidationPoint[] {
    const closed: ValidationPoint[] = [];
    while (this.waitsForTraining) {
      const point = this.#open.find(({ first }) => first.up < up);
      if (point === undefined) break;
      this.#close(point, closed);
      this.#closeWhole(closed);
    }
    return closed;
  }

  /** Takes a start of Marian with the metrics it is configured to validate; closes every open point. */
  segment(validMetrics: readonly string[] | undefined): ValidationPoint[] {
    const closed = this.finish();
    this.#configured = validMetrics && validMetrics.length > 0 ? new Set(validMetrics) : undefined;
    return closed;
  }

  /** Closes every open point. */
  finish(): ValidationPoint[] {
    const closed: ValidationPoint[] = [];
    for (const point of [...this.#open]) this.#close(point, closed);
    return closed;
  }

  #closeWhole(closed: ValidationPoint[]): void {
    for (;;) {
      const expected = this.#expected;
      if (expected === undefined) return;
      const whole = this.#open.find(({ metrics }) => hasAll(metrics, expected));
      if (whole === undefined) return;
      this.#close(whole, closed);
    }
  }

  #close(point: OpenPoint, closed: ValidationPoint[]): void {
    this.#open.splice(this.#open.indexOf(point), 1);
    const { segment, epoch, up, line, timestamp } = point.first;
    const expected = this.#expected;
    closed.push(
      Object.freeze({
        segment,
        ...(epoch === undefined ? {} : { epoch }),
        up,
        line,
        ...(timestamp === undefined ? {} : { timestamp }),
        metrics: point.metrics,
        partial: expected !== undefined && !hasAll(point.metrics, expected),
      }),
    );
    this.#last = new Set(point.metrics.keys());
  }
}

function hasAll(metrics: ReadonlyMap<string, MetricValue>, expected: ReadonlySet<string>): boolean {
  for (const name of expected) if (!metrics.has(name)) return false;
  return true;
}
