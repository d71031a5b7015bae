/** Validation records gathered to points: all metrics of one update in one row. */
import { PRESENT } from "../core/layout.js";
import type { ClosedPoints } from "../core/points.js";

/** One metric of a point. */
export interface MetricValue {
  readonly value: number;
  /** How often in a row it did not improve; absent for a new best and for other words (`no effect`). */
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

type Mutable<Type> = { -readonly [Key in keyof Type]: Type[Key] };

/** The points as frozen objects. */
export function validationPoints(closed: ClosedPoints): readonly ValidationPoint[] {
  return Array.from({ length: closed.length }, (_, point) => {
    const present = closed.number(point, "present");
    const metrics = new Map<string, MetricValue>();
    const made: Mutable<ValidationPoint> = {
      segment: closed.number(point, "segment"),
      up: closed.number(point, "up"),
      line: closed.number(point, "line"),
      metrics,
      partial: (present & PRESENT.partial) !== 0,
    };
    if (present & PRESENT.epoch) made.epoch = closed.number(point, "epoch");
    const timestamp = closed.timestamp(point);
    if (timestamp !== undefined) made.timestamp = timestamp;
    const end = closed.number(point, "end");
    for (let at = closed.first(point); at < end; at += 1) {
      const metric: Mutable<MetricValue> = { value: closed.value(at, "value") };
      const has = closed.value(at, "present");
      if (has & PRESENT.stalled) metric.stalled = closed.value(at, "stalled");
      if (has & PRESENT.best) metric.best = closed.value(at, "best");
      metrics.set(closed.metricName(closed.value(at, "metric")), metric);
    }
    return Object.freeze(made);
  });
}

/**
 * When the first records of points were printed: milliseconds since 1970, UTC, for {@link ClosedPoints.viewCsv}. Empty if no
 * zone is known: the core takes its own times for UTC then.
 */
export function pointTimes(closed: ClosedPoints): Float64Array {
  if (!closed.time.hasZones) return new Float64Array(0);
  return Float64Array.from({ length: closed.length }, (_, point) =>
    closed.time.absolute(
      closed.number(point, "timestamp"),
      (closed.number(point, "present") & PRESENT.utc) !== 0,
      closed.number(point, "segment"),
    ),
  );
}
