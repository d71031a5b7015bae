/** The tables of all evaluations of a group. */
import type { Evaluation } from "../evaluation/evaluation.js";
import type { DatasetName } from "../evaluation/naming/dataset.js";
import { orderedMetrics } from "../evaluation/scores.js";
import { type JsonValue, stringifyJson } from "./client/format/json.js";
import type { TableData } from "./client/format/table.js";

/** Columns that both tables have, before those of metrics; the last one as the reference spells it. */
const NAMES = ["Group", "Model", "Importer", "Dataset", "Augmenation"] as const;

/** The reference's metrics. Its code appends rows of just these columns to the table, and fails if there are others. */
const METRICS = ["bleu_detok", "chrf", "comet"] as const;

/** How earlier versions of this program spelt a column. */
const RENAMED: ReadonlyMap<string, string> = new Map([["Augmentation", "Augmenation"]]);

/** Cells by column; an empty one is absent. */
type Row = ReadonlyMap<string, JsonValue>;

/** The rows of a group. They are told apart by model, importer, dataset and augmentation. */
export class GroupTable {
  readonly #suffix: string;
  /** By key; of a key that the reference has twice, each is kept. */
  readonly #rows: { readonly key: string; row: Row }[] = [];

  /** @param suffix What the ids of the group's runs end with: online, the reference calls models by their runs. */
  constructor(suffix: string) {
    this.#suffix = suffix;
  }

  get size(): number {
    return this.#rows.length;
  }

  /** Whether there is a row of this model and dataset. */
  has({ run: model, importer, dataset, augmentation }: Pick<Evaluation, "run"> & DatasetName): boolean {
    const key = stringifyJson([model, importer, dataset, augmentation]);
    return this.#rows.some((row) => row.key === key);
  }

  /**
   * The rows of evaluations.
   *
   * @param nameOf What the table calls a model: its run, as the reference's `eval` does, or the model itself.
   */
  static of(
    group: string,
    suffix: string,
    evaluations: readonly Evaluation[],
    nameOf: (model: string) => string,
  ): GroupTable {
    const table = new GroupTable(suffix);
    for (const { run: model, importer, dataset, augmentation, metrics } of evaluations) {
      const names = [group, nameOf(model), importer, dataset, augmentation];
      const cells = [...NAMES.map((name, at) => [name, names[at] ?? null] as const), ...metrics];
      table.#put(rowOf(cells));
    }
    return table;
  }

  /** A table that was published. */
  static read(suffix: string, { columns, data }: TableData): GroupTable {
    const table = new GroupTable(suffix);
    for (const cells of data) {
      const row = rowOf(columns.map((column, at) => [RENAMED.get(column) ?? column, cells[at] ?? null]));
      table.#rows.push({ key: table.#keyOf(row), row });
    }
    return table;
  }

  /** A copy with the new and the changed rows of another table. */
  with(other: GroupTable): GroupTable {
    const table = new GroupTable(this.#suffix);
    table.#rows.push(...this.#rows.map((entry) => ({ ...entry })));
    for (const { row } of other.#rows) table.#put(row);
    return table;
  }

  /** The rows of this one that another one does not have at all. */
  without(other: GroupTable): GroupTable {
    const known = new Set(other.#rows.map(({ key }) => key));
    return this.#filtered(({ key }) => !known.has(key));
  }

  /** The rows of this one that are new or different from another one's. */
  changesTo(other: GroupTable): GroupTable {
    const known = new Map(other.#rows.map(({ key, row }) => [key, textOf(row)]));
    return this.#filtered(({ key, row }) => known.get(key) !== textOf(row));
  }

  /** What the reference's table has of the rows: its eight columns. */
  get reference(): GroupTable {
    return this.#cut(new Set([...NAMES, ...METRICS]));
  }

  /** The rows with further metrics, and only these. */
  get further(): GroupTable {
    const metrics = new Set(this.#metrics);
    for (const metric of METRICS) metrics.delete(metric);
    return this.#filtered(({ row }) => [...metrics].some((metric) => row.has(metric))).#cut(
      new Set([...NAMES, ...metrics]),
    );
  }

  /** With the reference's columns. */
  toReferenceData(): TableData {
    return this.#toData([...NAMES, ...METRICS]);
  }

  /** With a column for each metric that a row has. */
  toData(): TableData {
    const metrics = this.#metrics;
    return this.#toData([...NAMES, ...orderedMetrics(metrics).filter((metric) => metrics.has(metric))]);
  }

  get #metrics(): Set<string> {
    const all = new Set(this.#rows.flatMap(({ row }) => [...row.keys()]));
    for (const column of NAMES) all.delete(column);
    return all;
  }

  #toData(columns: readonly string[]): TableData {
    return {
      columns: [...columns],
      data: this.#rows.map(({ row }) => columns.map((column) => row.get(column) ?? null)),
    };
  }

  #cut(columns: ReadonlySet<string>): GroupTable {
    const table = new GroupTable(this.#suffix);
    for (const { key, row } of this.#rows)
      table.#rows.push({ key, row: new Map([...row].filter(([column]) => columns.has(column))) });
    return table;
  }

  #filtered(wanted: (entry: { readonly key: string; readonly row: Row }) => boolean): GroupTable {
    const table = new GroupTable(this.#suffix);
    table.#rows.push(...this.#rows.filter(wanted));
    return table;
  }

  /** Adds a row, or updates the one of its key. A score that the new one lacks stays. */
  #put(row: Row): void {
    const key = this.#keyOf(row);
    const at = this.#rows.findIndex((entry) => entry.key === key);
    const known = this.#rows[at];
    if (known === undefined) {
      this.#rows.push({ key, row });
      return;
    }
    // The model stays called as it was: online it is by its run, in archives by itself.
    const model = known.row.get("Model");
    known.row = new Map([...known.row, ...row, ...(model === undefined ? [] : [["Model", model] as const])]);
    // What the reference has twice is one row from now on.
    for (let other = this.#rows.length - 1; other > at; other -= 1)
      if (this.#rows[other]?.key === key) this.#rows.splice(other, 1);
  }

  #keyOf(row: Row): string {
    const model = String(row.get("Model") ?? "");
    const own = this.#suffix !== "" && model.endsWith(this.#suffix);
    return stringifyJson([
      own ? model.slice(0, -this.#suffix.length) : model,
      row.get("Importer") ?? null,
      row.get("Dataset") ?? null,
      row.get("Augmenation") ?? null,
    ]);
  }
}

function rowOf(cells: readonly (readonly [string, JsonValue])[]): Row {
  return new Map(cells.filter(([, value]) => value !== null && !Number.isNaN(value)));
}

function textOf(row: Row): string {
  return stringifyJson(Object.fromEntries([...row].sort(([one], [other]) => (one < other ? -1 : 1))));
}
