/** What a whole log holds, as its publication needs to know before it begins. */
import { KIND, PRESENT } from "../core/layout.js";
import type { RunUpdate } from "./run-reader.js";
import type { Segment } from "./segment.js";

/** A log, known to its end. Takes 16 bytes of memory for each record. */
export interface RunPlan {
  /** For each training and validation record, the lowest update of it and all that follow. */
  readonly minUps: Float64Array;
  /** The different updates, sorted: the rows of a table with one row an update. */
  readonly steps: Float64Array;
  readonly rows: number;
  /** Names of the validation metrics, in the order of their first record. */
  readonly metrics: readonly string[];
  /** Milliseconds of the first record or start; absent if the log has no times. */
  readonly startedAt?: number;
  readonly segments: readonly Segment[];
  /** The last segment that has records; -1 if there is none. */
  readonly lastSegment: number;
}

/** Takes a log from its first update to its last and plans its publication. */
export class RunPlanner {
  readonly #ups = new Updates();
  readonly #segments: Segment[] = [];
  readonly #metrics = new Set<string>();
  #lastSegment = -1;
  #startedAt: number | undefined;

  take({ batch, segments }: Pick<RunUpdate, "batch" | "segments">): void {
    this.#segments.push(...segments.values());
    let training = 0;
    let validation = 0;
    for (const kind of batch.order) {
      if (kind !== KIND.training && kind !== KIND.validation) continue;
      const columns = kind === KIND.training ? batch.training : batch.validation;
      const row = kind === KIND.training ? training++ : validation++;
      if (kind === KIND.validation) this.#metrics.add(batch.metricName(batch.validation.metric[row] ?? 0));
      const present = columns.present[row] ?? 0;
      this.#ups.push(columns.up[row] ?? 0);
      this.#lastSegment = columns.segment[row] ?? 0;
      if (this.#startedAt === undefined && present & PRESENT.timestamp) {
        const isUtc = (present & PRESENT.utc) !== 0;
        this.#startedAt = batch.time.absolute(columns.timestamp[row] ?? 0, isUtc, this.#lastSegment);
      }
    }
  }

  /** The plan of what has come. */
  get plan(): RunPlan {
    const steps = this.#ups.different();
    return {
      minUps: this.#ups.minUps(),
      steps,
      rows: steps.length,
      ...(this.#startedAt === undefined ? {} : { startedAt: this.#startedAt }),
      metrics: [...this.#metrics],
      segments: this.#segments,
      lastSegment: this.#lastSegment,
    };
  }
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

  minUps(): Float64Array {
    const minUps = this.#values.slice(0, this.#length);
    for (let index = minUps.length - 2; index >= 0; index -= 1) {
      minUps[index] = Math.min(minUps[index] ?? 0, minUps[index + 1] ?? 0);
    }
    return minUps;
  }

  different(): Float64Array {
    const sorted = this.#values.slice(0, this.#length).sort();
    return sorted.filter((up, index) => index === 0 || up !== sorted[index - 1]);
  }
}
