/** Columns of the training and validation tables. */

/** Columns that every training table has: those of the reference. */
export const TRAINING = ["epoch", "up", "sen", "cost", "time", "rate", "gnorm", "learning_rate"] as const;
/** Columns that follow where any cost has label counts. */
export const LABELS = ["labels", "batch_labels", "total_labels"] as const;

const KNOWN_METRICS = ["chrf", "ce_mean_words", "bleu_detok", "perplexity"];

/** Columns that every validation table has: those of the reference. */
export const VALIDATION = [
  "epoch",
  "up",
  ...KNOWN_METRICS,
  ...KNOWN_METRICS.map((metric) => stalledColumn(metric)),
];

/** The column that tells how often a metric did not improve. */
export function stalledColumn(column: string): string {
  return `${column}_stalled`;
}

/** Gives each validation metric its column. */
export class MetricColumns {
  readonly #columns = new Map<string, string>();
  readonly #taken: Set<string>;

  /** @param columns Those that the table has from the start. */
  constructor(columns: readonly string[]) {
    this.#taken = new Set([...columns, "segment"]);
  }

  /** The columns by Marian's names of the metrics, in the order in which these were added. */
  get columns(): ReadonlyMap<string, string> {
    return this.#columns;
  }

  /**
   * Adds a metric and returns the columns that it needs: none where it has been added before or is one of the
   * reference's. A metric whose column is taken gets `_metric` behind its name.
   */
  add(metric: string): readonly string[] {
    if (this.#columns.has(metric)) return [];
    let column = metric.replace(/[^\p{L}\p{N}_+]/gu, "_");
    const known = KNOWN_METRICS.includes(column) && ![...this.#columns.values()].includes(column);
    if (!known) {
      while (this.#taken.has(column) || this.#taken.has(stalledColumn(column))) column += "_metric";
    }
    const added = known ? [] : [column, stalledColumn(column)];
    this.#columns.set(metric, column);
    for (const name of added) this.#taken.add(name);
    return added;
  }
}
