/** The curves of one run, gathered while it is read. */
import { PRESENT } from "../../../core/layout.js";
import { ColumnNames, type ColumnRule, plainColumn, stalledColumn } from "../../../run/metric-columns.js";
import type { RunUpdate } from "../../../run/run-reader.js";
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

/** As in the tables. */
const RULE: ColumnRule = { form: "table", own: new Set(FIELDS) };

/** The curves of a validation metric; absent if none was asked for. */
interface MetricCurves {
  readonly values: SeriesBuffer;
  readonly stalled: SeriesBuffer;
}

/**
 * Gathers the metrics that are asked for, by the names of the tables (`cost`, `ce_mean_words`, `chrf_stalled`) or by
 * Marian's (`ce-mean-words`).
 */
export class RunCurves {
  readonly #asked: readonly string[];
  readonly #fields: ReadonlyMap<string, SeriesBuffer>;
  readonly #drawn = new Set<string>();
  /** By Marian's names. */
  readonly #metrics = new Map<string, MetricCurves | undefined>();
  #present = 0;
  #training = false;

  constructor(metrics: readonly string[]) {
    this.#asked = metrics.map((metric) => plainColumn(metric, "table"));
    this.#fields = new Map(
      FIELDS.flatMap((field) => (this.#asked.includes(field) ? [[field, new SeriesBuffer()]] : [])),
    );
  }

  /** Takes what a chunk of the log brought. */
  take({ batch }: RunUpdate): void {
    const { training, validation } = batch;
    this.#training ||= training.length > 0;
    this.#present |= batch.trainingPresent;
    for (const field of FIELDS) {
      const curve = this.#fields.get(field);
      if (curve === undefined) continue;
      const bit = field === "cost" || field === "epoch" || field === "sen" ? undefined : PRESENT[field];
      for (let row = 0; row < training.length; row += 1) {
        if (bit !== undefined && ((training.present[row] ?? 0) & bit) === 0) continue;
        this.#drawn.add(field);
        curve.push(training.up[row] ?? 0, training[field][row] ?? 0);
      }
    }
    for (let row = 0; row < validation.length; row += 1) {
      const curves = this.#curvesOf(batch.metricName(validation.metric[row] ?? 0));
      curves?.values.push(validation.up[row] ?? 0, validation.value[row] ?? 0);
      // Absent is a new best, and 0 in the column.
      curves?.stalled.push(validation.up[row] ?? 0, validation.stalled[row] ?? 0);
    }
  }

  /** The curve of a metric; undefined if the run has none. */
  curve(metric: string): SeriesBuffer | undefined {
    const name = plainColumn(metric, "table");
    if (this.#drawn.has(name)) return this.#fields.get(name);
    const { columns } = ColumnNames.of(this.#metrics.keys(), RULE);
    const byColumn = new Map([...columns].map(([marian, column]) => [column, marian]));
    return (
      this.#find(metric, (asked) => byColumn.get(asked)) ??
      this.#find(metric, (asked) => asked) ??
      this.#find(name, (asked) => byColumn.get(asked))
    );
  }

  /** What this run holds and could be drawn. */
  get names(): readonly string[] {
    const always = ["cost", "epoch", "sen"];
    const fields = FIELDS.filter((field) =>
      always.includes(field) ? this.#training : this.#present & PRESENT[field as keyof typeof PRESENT],
    );
    const { columns } = ColumnNames.of(this.#metrics.keys(), RULE);
    const metrics = [...this.#metrics.keys()].map((metric) => columns.get(metric) ?? metric);
    return [...fields, ...metrics.flatMap((column) => [column, stalledColumn(column)])];
  }

  #curvesOf(metric: string): MetricCurves | undefined {
    if (!this.#metrics.has(metric)) {
      const start = plainColumn(metric, "table");
      const isAsked = this.#asked.some((name) => name.startsWith(start));
      const curves = isAsked ? { values: new SeriesBuffer(), stalled: new SeriesBuffer() } : undefined;
      this.#metrics.set(metric, curves);
    }
    return this.#metrics.get(metric);
  }

  /** The curve that `name` is of; `marian` tells which metric is called so. */
  #find(name: string, marian: (asked: string) => string | undefined): SeriesBuffer | undefined {
    const curvesOf = (asked: string) => this.#metrics.get(marian(asked) ?? "");
    const whole = curvesOf(name)?.values;
    if (whole !== undefined || !name.endsWith(STALLED)) return whole;
    return curvesOf(name.slice(0, -STALLED.length))?.stalled;
  }
}

const STALLED = stalledColumn("");
