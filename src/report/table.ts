/** Columns of numbers that distinguish absent values, NaN and infinities. */

/** One column. */
export interface Column {
  /** NaN for absent values, too. */
  readonly values: Float64Array;
  /** 1 for a row without a value; undefined if every row has one. */
  readonly absent?: Uint8Array;
}

/** Columns of one length, by name. A column without any value is left out. */
export interface Table {
  readonly length: number;
  readonly columns: ReadonlyMap<string, Column>;
}

/** Whether a column has a value in this row; NaN and infinities are values. */
export function isPresent(column: Column | undefined, row: number): boolean {
  return column !== undefined && row < column.values.length && column.absent?.[row] !== 1;
}

/** The value of a row; undefined if it is absent. */
export function valueAt(column: Column | undefined, row: number): number | undefined {
  return isPresent(column, row) ? column?.values[row] : undefined;
}

/** The buffers of a table, which a thread transfers instead of copying. */
export function buffersOf({ columns }: Table): ArrayBuffer[] {
  return [...columns.values()]
    .flatMap(({ values, absent }) => [values.buffer, absent?.buffer])
    .filter((buffer) => buffer instanceof ArrayBuffer);
}

/** A column that grows. */
class OpenColumn {
  #values = new Float64Array(256);
  #absent: Uint8Array | undefined;
  #length = 0;
  #present = false;

  /** Sets the value of a row; earlier rows without a value are absent. */
  set(row: number, value: number): void {
    this.fill(row);
    this.#reserve(row + 1);
    this.#values[row] = value;
    this.#length = row + 1;
    this.#present = true;
  }

  /** Makes the column `length` rows long; new rows are absent. */
  fill(length: number): void {
    if (length <= this.#length) return;
    this.#reserve(length);
    this.#absent ??= new Uint8Array(this.#values.length);
    this.#absent.fill(1, this.#length, length);
    this.#values.fill(Number.NaN, this.#length, length);
    this.#length = length;
  }

  /** The column, cut to its length; undefined if no row has a value. It can't grow any more. */
  close(): Column | undefined {
    if (!this.#present) return undefined;
    const values = this.#values.slice(0, this.#length);
    const absent = this.#absent?.slice(0, this.#length);
    // A long log's columns must not all be in memory twice.
    this.#values = new Float64Array(0);
    this.#absent = undefined;
    return absent === undefined ? { values } : { values, absent };
  }

  #reserve(length: number): void {
    if (length <= this.#values.length) return;
    const capacity = Math.max(length, this.#values.length * 2);
    const values = new Float64Array(capacity);
    values.set(this.#values);
    this.#values = values;
    if (this.#absent === undefined) return;
    const absent = new Uint8Array(capacity);
    absent.set(this.#absent);
    this.#absent = absent;
  }
}

/** A table that grows row by row. */
export class TableBuilder {
  readonly #columns = new Map<string, OpenColumn>();
  #length = 0;

  /** Rows up to now. */
  get length(): number {
    return this.#length;
  }

  /** Starts the next row. */
  next(): void {
    this.#length += 1;
  }

  /** Gives the current row a value. */
  set(name: string, value: number): void {
    let column = this.#columns.get(name);
    if (column === undefined) {
      column = new OpenColumn();
      this.#columns.set(name, column);
    }
    column.set(this.#length - 1, value);
  }

  close(): Table {
    const columns = new Map<string, Column>();
    for (const [name, open] of this.#columns) {
      open.fill(this.#length);
      const column = open.close();
      if (column !== undefined) columns.set(name, column);
    }
    return { length: this.#length, columns };
  }
}
