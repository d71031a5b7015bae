import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeColumn, decodeTable, encodeColumn, encodeTable } from "../../src/report/column-code.js";
import type { Column } from "../../src/report/table.js";

/** What comes back after JSON. */
function again(column: Column): Column {
  return decodeColumn(JSON.parse(JSON.stringify(encodeColumn(column))));
}

describe("a column as plain data", () => {
  const printed = fc
    .tuple(fc.double({ min: -1e7, max: 1e7, noNaN: true }), fc.integer({ min: 0, max: 8 }))
    .map(([value, places]) => Number(value.toFixed(places)));
  const any = fc.oneof(
    printed,
    printed,
    fc.double(),
    fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, 1.875e-8, 1.2e10),
  );

  it("is the same to the last bit when it comes back, whatever the numbers", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(any, fc.boolean()), { maxLength: 40 }), (rows) => {
        const values = Float64Array.from(rows, ([value]) => value);
        const column = rows.some(([, gone]) => gone)
          ? {
              values: values.map((value, row) => (rows[row]?.[1] ? Number.NaN : value)),
              absent: Uint8Array.from(rows, ([, gone]) => Number(gone)),
            }
          : { values };
        const back = again(column);
        expect(back.absent ?? []).toEqual(column.absent ?? []);
        for (const [row, value] of column.values.entries())
          expect(Object.is(back.values[row], value)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it("holds small whole steps for what Marian prints", () => {
    expect(encodeColumn({ values: Float64Array.of(8.26540375, 8.26540376, 8.1) })).toEqual({
      places: 8,
      steps: [826540375, 1, -16540376],
    });
    expect(encodeColumn({ values: Float64Array.of(1000, 2000, Number.NaN, 4000) })).toEqual({
      places: 0,
      steps: [1000, 1000, 0, 2000],
      odd: [[2, "NaN"]],
    });
  });

  it("notes runs of absent rows once", () => {
    const absent = Uint8Array.of(0, 1, 1, 0, 1);
    const values = Float64Array.of(1, Number.NaN, Number.NaN, 2, Number.NaN);
    expect(encodeColumn({ values, absent }).absent).toEqual([
      [1, 2],
      [4, 1],
    ]);
  });

  it("is refused where it is shorter than its table", () => {
    const code = encodeTable({ length: 2, columns: new Map([["up", { values: Float64Array.of(1, 2) }]]) });
    expect(decodeTable(code).columns.get("up")?.values).toEqual(Float64Array.of(1, 2));
    expect(() => decodeTable({ ...code, length: 3 })).toThrow("the column up is not whole");
  });
});
