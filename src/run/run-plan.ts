/** What a whole log holds, found by reading it once before it is published. */
import type { Batch } from "../core/batch.js";
import { KIND, PRESENT } from "../core/layout.js";
import type { LogParser } from "../core/log-parser.js";
import type { SegmentMeasurement } from "../core/measurement.js";
import { readSegment, type Segment } from "./segment.js";

/** A log, known to its end. Takes 16 bytes of memory for each record. */
export interface RunPlan {
  /** For each training and validation record, the least update of it and all that follow. */
  readonly least: Float64Array;
  /** The different updates, sorted: the rows of a table with one row an update. */
  readonly steps: Float64Array;
  readonly rows: number;
  /** Names of the validation metrics, in the order of their first record. */
  readonly metrics: readonly string[];
  /** Milliseconds of the first record or start; absent where the log has no times. */
  readonly startedAt?: number;
  readonly segments: readonly Segment[];
  /** The last segment that has records; -1 where there is none. */
  readonly lastSegment: number;
}

/** Reads a whole log for its plan. */
export async function planRun(parser: LogParser, chunks: AsyncIterable<Uint8Array>): Promise<RunPlan> {
  const ups = new Updates();
  const segments: Segment[] = [];
  const metrics = new Set<string>();
  let lastSegment = -1;
  let startedAt: number | undefined;
  const read = async (batch: Batch) => {
    for (const [index, { kind }] of batch.events.entries()) {
      if (kind === KIND.segment) segments.push(await readSegment(batch.event(index) as SegmentMeasurement));
    }
    let training = 0;
    let validation = 0;
    for (const kind of batch.order) {
      if (kind !== KIND.training && kind !== KIND.validation) continue;
      const columns = kind === KIND.training ? batch.training : batch.validation;
      const row = kind === KIND.training ? training++ : validation++;
      if (kind === KIND.validation) metrics.add(batch.metricName(batch.validation.metric[row] ?? 0));
      const present = columns.present[row] ?? 0;
      ups.push(columns.up[row] ?? 0);
      lastSegment = columns.segment[row] ?? 0;
      if (startedAt === undefined && present & PRESENT.timestamp) {
        const isUtc = (present & PRESENT.utc) !== 0;
        startedAt = parser.time.absolute(columns.timestamp[row] ?? 0, isUtc, lastSegment);
      }
    }
  };
  for await (const chunk of chunks) await read(parser.feed(chunk));
  await read(parser.finish());
  const steps = ups.different();
  return {
    least: ups.least(),
    steps,
    rows: steps.length,
    ...(startedAt === undefined ? {} : { startedAt }),
    metrics: [...metrics],
    segments,
    lastSegment,
  };
}

/** Updates in the order of their records. */
class Updates {
  #values = new Float64Array(1024);
  #length = 0;

  push(up: number): void {
    if (this.#length === this.#values.length) {
      const grown = new Float64Array(this.#values.length * 2);
      grown.set(this.#values);
      this.#values = grown;
    }
    this.#values[this.#length] = up;
    this.#length += 1;
  }

  least(): Float64Array {
    const least = this.#values.slice(0, this.#length);
    for (let index = least.length - 2; index >= 0; index -= 1) {
      least[index] = Math.min(least[index] ?? 0, least[index + 1] ?? 0);
    }
    return least;
  }

  different(): Float64Array {
    const sorted = this.#values.slice(0, this.#length).sort();
    return sorted.filter((up, index) => index === 0 || up !== sorted[index - 1]);
  }
}
