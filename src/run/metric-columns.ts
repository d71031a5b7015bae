/** Columns and keys of validation metrics, whose own names need not be fit for one. */

/** Characters that each form replaces by `_`: a table's column has few others, W&B's charts know only the hyphen's. */
const REPLACED = { table: /[^\p{L}\p{N}_+]/gu, wandb: /-/g } as const;

/** How a metric's name becomes a column's. */
export interface ColumnRule {
  readonly form: keyof typeof REPLACED;
  /** Names that other columns have. A metric that would get one has `_metric` after its name. */
  readonly own: ReadonlySet<string>;
  /** Those among them that are there for the metric of that name. */
  readonly kept?: ReadonlySet<string>;
}

/** What a metric is called in a form if no other column has that name. */
export function plainColumn(metric: string, form: ColumnRule["form"]): string {
  return metric.replaceAll(REPLACED[form], "_");
}

/** The column for how often a metric did not improve. */
export function stalledColumn(column: string): string {
  return `${column}_stalled`;
}

/**
 * Gives each metric its column. Of several metrics that would have the same one, the first that is added keeps it, the
 * others get `_2`, `_3`; a name once given stays.
 */
export class ColumnNames {
  readonly #rule: ColumnRule;
  readonly #columns = new Map<string, string>();
  readonly #given = new Set<string>();

  constructor(rule: ColumnRule) {
    this.#rule = rule;
  }

  /**
   * The columns of metrics that are all known, which do not depend on their order: the one with the fewest replaced
   * characters keeps the name, then the first by its bytes.
   */
  static of(metrics: Iterable<string>, rule: ColumnRule): ColumnNames {
    const names = new ColumnNames(rule);
    for (const { metric } of [...new Set(metrics)].map(ranked(rule)).sort(byRank)) names.add(metric);
    return names;
  }

  /** The columns by Marian's names of the metrics, in the order in which these were added. */
  get columns(): ReadonlyMap<string, string> {
    return this.#columns;
  }

  /** What columns are called that don't depend on the order of metrics; for what nobody has seen anything of yet. */
  get renamed(): ReadonlyMap<string, string> {
    return renamedColumns(this.#columns, ColumnNames.of(this.#columns.keys(), this.#rule).columns);
  }

  /** Adds a metric, unless it is there, and returns its column. */
  add(metric: string): string {
    const known = this.#columns.get(metric);
    if (known !== undefined) return known;
    const { own, kept } = this.#rule;
    let base = plainColumn(metric, this.#rule.form);
    while (!kept?.has(base) && (own.has(base) || own.has(stalledColumn(base)))) base += "_metric";
    let column = base;
    for (let number = 2; this.#isTaken(column, base); number += 1) column = `${base}_${number}`;
    this.#columns.set(metric, column);
    this.#given.add(column).add(stalledColumn(column));
    return column;
  }

  #isTaken(column: string, base: string): boolean {
    const { own } = this.#rule;
    const names = [column, stalledColumn(column)];
    return names.some((name) => this.#given.has(name) || (column !== base && own.has(name)));
  }
}

/** The columns, those of stalls too, that `settled` calls otherwise, with their names there; both maps are by metric. */
export function renamedColumns(
  columns: Iterable<readonly [metric: string, column: string]>,
  settled: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const [metric, column] of columns) {
    const name = settled.get(metric) ?? column;
    if (name !== column) names.set(column, name).set(stalledColumn(column), stalledColumn(name));
  }
  return names;
}

/** Columns that get other names: a name that was there before stays where it stood; the others keep their order. */
export function settledOrder(columns: readonly string[], names: ReadonlyMap<string, string>): string[] {
  const renamed = columns.map((column) => names.get(column) ?? column);
  const rest = renamed.filter((name) => !columns.includes(name));
  return columns.flatMap((name) => (renamed.includes(name) ? [name] : rest.splice(0, 1)));
}

interface Ranked {
  readonly metric: string;
  readonly replaced: number;
  readonly points: readonly number[];
}

function ranked({ form }: ColumnRule): (metric: string) => Ranked {
  return (metric) => ({
    metric,
    replaced: [...metric.matchAll(REPLACED[form])].length,
    points: [...metric].map((character) => character.codePointAt(0) ?? 0),
  });
}

/** Code points are in the order of their bytes as UTF-8. */
function byRank(one: Ranked, other: Ranked): number {
  if (one.replaced !== other.replaced) return one.replaced - other.replaced;
  for (const [index, point] of one.points.entries()) {
    const difference = point - (other.points[index] ?? -1);
    if (difference !== 0) return difference;
  }
  return one.points.length - other.points.length;
}
