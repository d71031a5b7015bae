/**
 * Columns as JSON, small and exact. Marian prints decimals, and they change little from row to row: a column is stored as
 * the differences of its values, in whole numbers of the last decimal place. With gzip that takes half the space of the
 * numbers themselves or of their bytes.
 */
import type { Column, Table } from "./table.js";

/** A column as plain data. */
export interface ColumnCode {
  /** Decimal places of `steps`; absent if the steps are the values themselves. */
  readonly places?: number;
  /** One for each row. */
  readonly steps: readonly number[];
  /** Rows with a value that is not a finite number: `[row, "NaN"]`; their step is 0. */
  readonly odd?: readonly (readonly [number, string])[];
  /** Rows without a value, as first row and number of rows; their step is 0. */
  readonly absent?: readonly (readonly [number, number])[];
}

/** A table as plain data. */
export interface TableCode {
  readonly length: number;
  readonly columns: readonly (readonly [string, ColumnCode])[];
}

const MAX_PLACES = 15;

export function encodeTable({ length, columns }: Table): TableCode {
  return { length, columns: [...columns].map(([name, column]) => [name, encodeColumn(column)] as const) };
}

/** @throws RangeError if a column is shorter or longer than the table. */
export function decodeTable({ length, columns }: TableCode): Table {
  return {
    length,
    columns: new Map(
      columns.map(([name, code]) => {
        if (code.steps.length !== length) throw new RangeError(`the column ${name} is not whole`);
        return [name, decodeColumn(code)] as const;
      }),
    ),
  };
}

export function encodeColumn({ values, absent }: Column): ColumnCode {
  const odd: [number, string][] = [];
  const gaps: [number, number][] = [];
  for (const [row, value] of values.entries()) {
    if (absent?.[row] === 1) {
      const last = gaps.at(-1);
      if (last !== undefined && last[0] + last[1] === row) last[1] += 1;
      else gaps.push([row, 1]);
    } else if (!Number.isFinite(value)) {
      odd.push([row, String(value)]);
    } else if (Object.is(value, -0)) {
      odd.push([row, "-0"]);
    }
  }
  const places = decimalPlaces(values);
  let before = 0;
  const steps = Array.from(values, (value) => {
    if (!Number.isFinite(value)) return 0;
    if (places === undefined) return value;
    const scaled = Math.round(value * 10 ** places);
    const step = scaled - before;
    before = scaled;
    return step;
  });
  return {
    ...(places === undefined ? {} : { places }),
    steps,
    ...(odd.length === 0 ? {} : { odd }),
    ...(gaps.length === 0 ? {} : { absent: gaps }),
  };
}

export function decodeColumn({ places, steps, odd = [], absent: gaps = [] }: ColumnCode): Column {
  const values = new Float64Array(steps.length);
  const scale = 10 ** (places ?? 0);
  let scaled = 0;
  for (const [row, step] of steps.entries()) {
    scaled += step;
    values[row] = places === undefined ? step : scaled / scale;
  }
  for (const [row, text] of odd) values[row] = Number(text);
  if (gaps.length === 0) return { values };
  const absent = new Uint8Array(steps.length);
  for (const [row, count] of gaps) {
    absent.fill(1, row, row + count);
    values.fill(Number.NaN, row, row + count);
  }
  return { values, absent };
}

/** The smallest number of decimals that makes every value a whole number, and gives it back after a division. */
function decimalPlaces(values: Float64Array): number | undefined {
  for (let places = 0; places <= MAX_PLACES; places += 1) {
    const scale = 10 ** places;
    const exact = (value: number) => {
      if (!Number.isFinite(value)) return true;
      const scaled = Math.round(value * scale);
      // Half of the range, so that differences are exact as well.
      return Math.abs(scaled) <= Number.MAX_SAFE_INTEGER / 2 && scaled / scale === value;
    };
    if (values.every(exact)) return places;
  }
  return undefined;
}
