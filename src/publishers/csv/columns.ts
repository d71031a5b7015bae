/** Columns of the training and validation tables. */
import { type ColumnRule, stalledColumn } from "../../run/metric-columns.js";

/** Columns that every training table has: those of the reference. */
export const TRAINING = ["epoch", "up", "sen", "cost", "time", "rate", "gnorm", "learning_rate"] as const;
/** Columns that follow if any cost has label counts. */
export const LABELS = ["labels", "batch_labels", "total_labels"] as const;

/** When the row's first record was printed: the last column of both tables of a log. */
export const TIMESTAMP = "timestamp";

const KNOWN_METRICS = ["chrf", "ce_mean_words", "bleu_detok", "perplexity"];

/** Columns that every validation table has: those of the reference. */
export const VALIDATION = [
  "epoch",
  "up",
  ...KNOWN_METRICS,
  ...KNOWN_METRICS.map((metric) => stalledColumn(metric)),
];

/** How metrics get the columns of a table that has these from the start. */
export function metricRule(columns: readonly string[]): ColumnRule {
  return {
    form: "table",
    own: new Set([...columns, "segment"]),
    kept: new Set(KNOWN_METRICS),
  };
}
