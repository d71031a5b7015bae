/** Rows as columns, until there are enough of them for a row group. */
import type { Column, Metrics } from "./columns.js";
import { type ColumnValues, encodeRowGroup, type RowGroup, type RowGroupOptions } from "./parquet.js";
import type { PartFile } from "./part-file.js";

/** Rows of a row group: about 8 MB of numbers. */
const ROWS = 1 << 16;

/** Columns that are not used any more: the next table of the thread takes them. */
const spare: Float64Array[] = [];

/** How the rows of a table are gathered. */
export interface ColumnBufferOptions extends RowGroupOptions {
  /** Whether a row group has all columns, also those that none of its rows has. */
  readonly whole?: boolean;
}

/** Gives columns their values: each row's, from the first that is added. What gets none is absent. */
export interface ColumnFiller {
  number(name: string): NumberColumn | undefined;
  metrics(name: string): MetricsColumn | undefined;
}

/** The rows of one table of a part, written to a file as row groups. */
export class ColumnBuffer {
  readonly #file: PartFile;
  readonly #options: ColumnBufferOptions;
  readonly #groups: RowGroup[] = [];
  readonly #texts: TextColumn[] = [];
  readonly #columns = new Map<string, TextColumn | NumberColumn | MetricsColumn>();
  readonly #filler: ColumnFiller;
  #rows = 0;

  constructor(file: PartFile, columns: readonly Column[], options: ColumnBufferOptions) {
    this.#file = file;
    this.#options = options;
    this.addColumns(columns);
    this.#filler = {
      number: (name) => {
        const column = this.#columns.get(name);
        return column instanceof NumberColumn ? column.startAt(this.#rows) : undefined;
      },
      metrics: (name) => {
        const column = this.#columns.get(name);
        return column instanceof MetricsColumn ? column.startAt(this.#rows) : undefined;
      },
    };
  }

  get groups(): readonly RowGroup[] {
    return this.#groups;
  }

  /** Adds columns, which the rows up to now lack. */
  addColumns(columns: readonly Column[]): void {
    for (const column of columns) {
      const buffer = bufferOf(column);
      this.#columns.set(column.name, buffer);
      if (buffer instanceof TextColumn) this.#texts.push(buffer);
    }
  }

  /**
   * Adds `rows` rows that have the same texts, those of the text columns in their order. `fill` is called for each
   * stretch of them, and gives every other column its values.
   */
  add(
    texts: readonly string[],
    rows: number,
    fill: (from: number, to: number, filler: ColumnFiller) => void,
  ): void {
    let from = 0;
    while (from < rows) {
      const to = Math.min(rows, from + ROWS - this.#rows);
      for (const [index, text] of texts.entries()) this.#texts[index]?.add(text, to - from);
      fill(from, to, this.#filler);
      this.#rows += to - from;
      from = to;
      if (this.#rows === ROWS) this.encode();
    }
  }

  /** Makes a row group of the last rows, and ends. */
  close(): void {
    this.encode();
    for (const column of this.#columns.values()) column.free();
  }

  /** Makes a row group of the rows up to now; the file has its bytes. */
  encode(): void {
    const rows = this.#rows;
    if (rows === 0) return;
    const columns = [...this.#columns.values()].flatMap((buffer) => {
      const values = buffer.take(rows);
      return values === undefined && this.#options.whole !== true ? [] : [{ ...buffer.column, values }];
    });
    const file = this.#file;
    this.#groups.push(encodeRowGroup(columns, rows, file.size, this.#options, (bytes) => file.push(bytes)));
    this.#rows = 0;
  }
}

function bufferOf(column: Column): TextColumn | NumberColumn | MetricsColumn {
  if (column.type === "text") return new TextColumn(column);
  return column.type === "metrics" ? new MetricsColumn(column) : new NumberColumn(column);
}

/** Texts that are the same for many rows. */
class TextColumn {
  readonly column: Column;
  readonly #dictionary = new Map<string, number>();
  readonly #indexes = spare.pop() ?? new Float64Array(ROWS);
  #rows = 0;

  constructor(column: Column) {
    this.column = column;
  }

  add(text: string, rows: number): void {
    const index = this.#dictionary.get(text) ?? this.#dictionary.size;
    this.#dictionary.set(text, index);
    this.#indexes.fill(index, this.#rows, this.#rows + rows);
    this.#rows += rows;
  }

  /** The values up to now; the column is empty then. */
  take(rows: number): ColumnValues {
    const values = {
      values: this.#indexes.subarray(0, rows),
      dictionary: [...this.#dictionary.keys()],
    };
    this.#dictionary.clear();
    this.#rows = 0;
    return values;
  }

  /** Gives the memory away; the column can't be used any more. */
  free(): void {
    spare.push(this.#indexes);
  }
}

/** Numbers, which may be absent. */
export class NumberColumn {
  readonly column: Column;
  /** Made with the first value: many columns never have one. */
  #values: Float64Array | undefined;
  /** For each row, whether it has a value; not kept while all of them have. */
  #present: Uint8Array | undefined;
  #length = 0;

  constructor(column: Column) {
    this.column = column;
  }

  /** Rows up to `row` that have got no value are absent. */
  startAt(row: number): this {
    if (row > this.#length) this.#skip(row - this.#length);
    return this;
  }

  /** Adds a value, or a row without one. */
  push(value: number | undefined): void {
    if (value === undefined) {
      this.#skip(1);
      return;
    }
    this.#room()[this.#length] = value;
    this.#length += 1;
  }

  /** Adds values; those whose `bits` lack `bit` are absent. Without `bit` all are there. */
  pushAll(values: Float64Array, bits?: Uint32Array, bit = 0): void {
    const start = this.#length;
    this.#room().set(values, start);
    this.#length += values.length;
    if (bits === undefined) return;
    for (let index = 0; index < values.length; index += 1) {
      if (((bits[index] ?? 0) & bit) === 0) this.#presence()[start + index] = 0;
    }
  }

  /** The values of `rows` rows; undefined if all are absent. They hold until the next are added. */
  take(rows: number): ColumnValues | undefined {
    this.startAt(rows);
    const present = this.#present?.subarray(0, rows);
    const values = this.#values?.subarray(0, rows);
    this.#length = 0;
    this.#present = undefined;
    if (values === undefined || present === undefined || !present.includes(0)) return values && { values };
    let kept = 0;
    for (let row = 0; row < rows; row += 1) {
      if (present[row] === 1) values[kept++] = values[row] ?? 0;
    }
    return kept === 0 ? undefined : { values: values.subarray(0, kept), present };
  }

  /** Gives the memory away; the column can't be used any more. */
  free(): void {
    if (this.#values !== undefined) spare.push(this.#values);
    this.#values = undefined;
  }

  #skip(rows: number): void {
    this.#presence().fill(0, this.#length, this.#length + rows);
    this.#length += rows;
  }

  #room(): Float64Array {
    this.#values ??= spare.pop() ?? new Float64Array(ROWS);
    return this.#values;
  }

  #presence(): Uint8Array {
    this.#present ??= new Uint8Array(ROWS).fill(1);
    return this.#present;
  }
}

/** Metrics, which may be absent; most rows of most logs have none. */
export class MetricsColumn {
  readonly column: Column;
  readonly #dictionary = new Map<string, number>();
  #sizes: number[] = [];
  #names: number[] = [];
  #values: number[] = [];

  constructor(column: Column) {
    this.column = column;
  }

  /** Rows up to `row` that have got no metrics are without any. */
  startAt(row: number): this {
    while (this.#sizes.length < row) this.#sizes.push(0);
    return this;
  }

  /** Adds the metrics of a row; undefined if it has none. */
  push(metrics: Metrics | undefined): void {
    this.#sizes.push(metrics?.size ?? 0);
    if (metrics === undefined) return;
    for (const [name, value] of metrics) {
      const index = this.#dictionary.get(name) ?? this.#dictionary.size;
      this.#dictionary.set(name, index);
      this.#names.push(index);
      this.#values.push(value);
    }
  }

  /** The metrics of `rows` rows; undefined if none has any. */
  take(rows: number): ColumnValues | undefined {
    this.startAt(rows);
    const values = {
      values: Float64Array.from(this.#values),
      dictionary: [...this.#dictionary.keys()],
      entries: { sizes: Uint32Array.from(this.#sizes), names: Float64Array.from(this.#names) },
    };
    this.free();
    return values.values.length === 0 ? undefined : values;
  }

  /** Gives the memory away; the column is empty then. */
  free(): void {
    this.#dictionary.clear();
    [this.#sizes, this.#names, this.#values] = [[], [], []];
  }
}
