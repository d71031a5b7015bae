/** The rules of validation points, record by record with objects: what the core's points are compared with. */
import type { MetricValue, ValidationPoint } from "../../src/run/validation-point.js";

/** More open points than this and the oldest closes. */
const MAX_OPEN = 8;

/** A validation record, as {@link PointAssembler} looks at one: it holds only during the call. */
export interface ValidationRecord {
  readonly segment: number;
  readonly line: number;
  readonly timestamp?: string | undefined;
  readonly epoch?: number | undefined;
  readonly up: number;
  readonly metric: string;
  readonly value: number;
  readonly stalled?: number | undefined;
  readonly best?: number | undefined;
}

type Mutable<Type> = { -readonly [Key in keyof Type]: Type[Key] };

type OpenPoint = Mutable<ValidationPoint> & { readonly metrics: Map<string, MetricValue> };

/** Names of metrics, as a set or as the keys of a map. */
type Names = Pick<ReadonlySet<string>, "size" | "has" | "keys">;

const NONE: readonly ValidationPoint[] = [];

/** Decides when a point is whole. The rules are those of a log that several writers interleave. */
export class PointAssembler {
  readonly #open: OpenPoint[] = [];
  readonly #names = new Set<string>();
  #configured: Names | undefined;
  /** The metrics of the point that closed last. */
  #last: Names | undefined;
  #closed: ValidationPoint[] = [];

  /** Names of all metrics met, in the order of their first record. */
  get metricNames(): ReadonlySet<string> {
    return this.#names;
  }

  /** Whether a training record can close a point, so that it must be shown to {@link training}. */
  get waitsForTraining(): boolean {
    return this.#open.length > 0 && this.#expected === undefined;
  }

  get #expected(): Names | undefined {
    return this.#configured ?? this.#last;
  }

  /** Takes a record and returns the points that it closes. */
  validation(record: ValidationRecord): readonly ValidationPoint[] {
    const { metric } = record;
    this.#names.add(metric);
    let point = this.#openOf(record);
    if (point?.metrics.has(metric)) {
      this.#close(point);
      point = undefined;
    }
    if (point === undefined) {
      point = openPoint(record);
      this.#open.push(point);
      const [oldest] = this.#open;
      if (this.#open.length > MAX_OPEN && oldest !== undefined) this.#close(oldest);
    }
    point.metrics.set(metric, metricValue(record));
    this.#closeWhole();
    return this.#taken();
  }

  /** Takes the update of a training record and returns the points that it closes. */
  training(up: number): readonly ValidationPoint[] {
    while (this.waitsForTraining) {
      const point = this.#open.find((open) => open.up < up);
      if (point === undefined) break;
      this.#close(point);
      this.#closeWhole();
    }
    return this.#taken();
  }

  /** Takes a start of Marian with the metrics it is configured to validate; closes every open point. */
  segment(validMetrics: readonly string[] | undefined): readonly ValidationPoint[] {
    const closed = this.finish();
    this.#configured = validMetrics && validMetrics.length > 0 ? new Set(validMetrics) : undefined;
    return closed;
  }

  /** Closes every open point. */
  finish(): readonly ValidationPoint[] {
    for (const point of [...this.#open]) this.#close(point);
    return this.#taken();
  }

  #openOf({ segment, epoch, up }: ValidationRecord): OpenPoint | undefined {
    for (const point of this.#open)
      if (point.up === up && point.segment === segment && point.epoch === epoch) return point;
    return undefined;
  }

  #closeWhole(): void {
    for (;;) {
      const expected = this.#expected;
      if (expected === undefined) return;
      const whole = this.#open.find(({ metrics }) => hasAll(metrics, expected));
      if (whole === undefined) return;
      this.#close(whole);
    }
  }

  #close(point: OpenPoint): void {
    this.#open.splice(this.#open.indexOf(point), 1);
    const expected = this.#expected;
    point.partial = expected !== undefined && !hasAll(point.metrics, expected);
    this.#closed.push(Object.freeze(point));
    this.#last = point.metrics;
  }

  #taken(): readonly ValidationPoint[] {
    if (this.#closed.length === 0) return NONE;
    const closed = this.#closed;
    this.#closed = [];
    return closed;
  }
}

function openPoint({ segment, epoch, up, line, timestamp }: ValidationRecord): OpenPoint {
  const point: OpenPoint = { segment, up, line, metrics: new Map(), partial: false };
  if (epoch !== undefined) point.epoch = epoch;
  if (timestamp !== undefined) point.timestamp = timestamp;
  return point;
}

function metricValue({ value, stalled, best }: ValidationRecord): MetricValue {
  const metric: Mutable<MetricValue> = { value };
  if (stalled !== undefined) metric.stalled = stalled;
  if (best !== undefined) metric.best = best;
  return metric;
}

function hasAll(metrics: Names, expected: Names): boolean {
  if (metrics.size < expected.size) return false;
  for (const name of expected.keys()) if (!metrics.has(name)) return false;
  return true;
}
