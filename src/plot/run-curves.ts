/** The curves of one run, gathered while it is read. */
import { PRESENT } from "../parser/layout.js";
import type { RunUpdate } from "../run/run-reader.js";
import { SeriesBuffer } from "./series-buffer.js";

/** Fields of training rows that can be drawn. */
const FIELDS = [
  "cost",
  "gnorm",
  "learning_rate",
  "rate",
  "time",
  "epoch",
  "sen",
  "labels",
  "batch_labels",
  "total_labels",
] as const;

/** Gathers the metrics that are asked for, by the names of the tables: `cost`, `ce_mean_words`, `chrf_stalled`. */
export class RunCurves {
  readonly #curves: ReadonlyMap<string, SeriesBuffer>;
  readonly #drawn = new Set<string>();
  readonly #metrics = new Set<string>();
  #present = 0;
  #training = false;

  /** @param metrics Names; `-` is taken for `_`. */
  constructor(metrics: readonly string[]) {
    this.#curves = new Map(metrics.map((metric) => [curveName(metric), new SeriesBuffer()]));
  }

  /** Takes what a chunk of the log brought. */
  take({ batch }: RunUpdate): void {
    const { training, validation } = batch;
    this.#training ||= training.length > 0;
    this.#present |= batch.trainingPresent;
    for (const field of FIELDS) {
      const curve = this.#curves.get(field);
      if (curve === undefined) continue;
      const bit = field === "cost" || field === "epoch" || field === "sen" ? undefined : PRESENT[field];
      for (let row = 0; row < training.length; row += 1) {
        if (bit !== undefined && ((training.present[row] ?? 0) & bit) === 0) continue;
        this.#push(field, curve, training.up[row], training[field][row]);
      }
    }
    for (let row = 0; row < validation.length; row += 1) {
      const name = metricName(batch.metricName(validation.metric[row] ?? 0));
      this.#metrics.add(name);
      const values = this.#curves.get(name);
      if (values !== undefined) this.#push(name, values, validation.up[row], validation.value[row]);
      const stalled = `${name}_stalled`;
      const counts = this.#curves.get(stalled);
      // Absent is a new best, and 0 in the column.
      if (counts !== undefined) this.#push(stalled, counts, validation.up[row], validation.stalled[row]);
    }
  }

  /** The curve of a metric; nothing where the run holds none. */
  curve(metric: string): SeriesBuffer | undefined {
    const name = curveName(metric);
    return this.#drawn.has(name) ? this.#curves.get(name) : undefined;
  }

  /** What this run holds and could be drawn. */
  get names(): readonly string[] {
    const always = ["cost", "epoch", "sen"];
    const fields = FIELDS.filter((field) =>
      always.includes(field) ? this.#training : this.#present & PRESENT[field as keyof typeof PRESENT],
    );
    return [...fields, ...[...this.#metrics].flatMap((metric) => [metric, `${metric}_stalled`])];
  }

  #push(name: string, curve: SeriesBuffer, up: number | undefined, value: number | undefined): void {
    this.#drawn.add(name);
    curve.push(up ?? 0, value ?? 0);
  }
}

function curveName(metric: string): string {
  return metric.replaceAll("-", "_");
}

/** A validation metric that is called like a field of ours gets a name of its own, as in the tables. */
function metricName(metric: string): string {
  const name = curveName(metric);
  return (FIELDS as readonly string[]).includes(name) ? `${name}_metric` : name;
}
