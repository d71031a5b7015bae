/** Rows as columns, until there are enough of them for a row group. */
import type { Column } from "./columns.js";
import { type ColumnValues, encodeRowGroup, type RowGroup } from "./parquet.js";
import type { PartFile } from "./part-file.js";

/** Rows of a row group. */
const ROWS = 1 << 15;

/** Columns that are not used any more: the next table of the thread takes them. */
const spare: Float64Array[] = [];

/** The rows of one table of a part, written to a file as row groups. */
export class ColumnBuffer {
  readonly #file: PartFile;
  readonly #groups: RowGroup[] = [];
  readonly #texts: readonly TextColumn[];
  readonly #numbers = new Map<string, NumberColumn>();
  #rows = 0;

  /** @param columns Texts, then numbers. */
  constructor(file: PartFile, columns: readonly Column[]) {
    this.#file = file;
    const isText = ({ type }: Column) => type === "text";
    this.#texts = columns.filter(isText).map((column) => new TextColumn(column));
    this.addColumns(columns.filter((column) => !isText(column)));
  }

  get groups(): readonly RowGroup[] {
    return this.#groups;
  }

  /** Adds columns, which the rows up to now lack. */
  addColumns(columns: readonly Column[]): void {
    for (const column of columns) this.#numbers.set(column.name, new NumberColumn(column));
  }

  /**
   * Adds `rows` rows that have the same texts. `fill` is called for each stretch of them, and gives every column of
   * numbers its values through `put`; columns for which it does not are absent.
   */
  add(
    texts: readonly string[],
    rows: number,
    fill: (from: number, to: number, put: (name: string) => NumberColumn | undefined) => void,
  ): void {
    let from = 0;
    while (from < rows) {
      const to = Math.min(rows, from + ROWS - this.#rows);
      for (const [index, text] of texts.entries()) this.#texts[index]?.add(text, to - from);
      fill(from, to, (name) => this.#numbers.get(name)?.startAt(this.#rows));
      this.#rows += to - from;
      from = to;
      if (this.#rows === ROWS) this.encode();
    }
  }

  /** Makes a row group of the last rows, and ends. */
  close(): void {
    this.encode();
    for (const column of [...this.#texts, ...this.#numbers.values()]) column.free();
  }

  /** Makes a row group of the rows up to now; the file has its bytes. */
  encode(): void {
    if (this.#rows === 0) return;
    const columns = [
      ...this.#texts.map((text) => ({ ...text.column, values: text.take() })),
      ...[...this.#numbers.values()].flatMap((number) => {
        const values = number.take(this.#rows);
        return values === undefined ? [] : [{ ...number.column, values }];
      }),
    ];
    const file = this.#file;
    this.#groups.push(encodeRowGroup(columns, this.#rows, file.size, (bytes) => file.push(bytes)));
    this.#rows = 0;
  }
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
  take(): ColumnValues {
    const values = {
      values: this.#indexes.subarray(0, this.#rows),
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
