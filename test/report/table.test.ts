import { describe, expect, it } from "vitest";
import { isPresent, TableBuilder, valueAt } from "../../src/report/table.js";

describe("a table that grows", () => {
  it("tells absent values, NaN and infinities apart", () => {
    const builder = new TableBuilder();
    builder.next();
    builder.set("cost", Number.NaN);
    builder.next();
    builder.next();
    builder.set("cost", Number.POSITIVE_INFINITY);
    builder.set("gnorm", 1.5);
    const { length, columns } = builder.close();
    expect(length).toBe(3);
    const cost = columns.get("cost");
    expect([0, 1, 2].map((row) => isPresent(cost, row))).toEqual([true, false, true]);
    expect([0, 1, 2].map((row) => valueAt(cost, row))).toEqual([
      Number.NaN,
      undefined,
      Number.POSITIVE_INFINITY,
    ]);
    expect([0, 1, 2].map((row) => valueAt(columns.get("gnorm"), row))).toEqual([undefined, undefined, 1.5]);
    expect(valueAt(cost, 3)).toBeUndefined();
    expect(valueAt(undefined, 0)).toBeUndefined();
  });

  it("makes room for any number of rows, absent ones at the end included", () => {
    const builder = new TableBuilder();
    for (let row = 0; row < 1000; row += 1) {
      builder.next();
      if (row % 3 === 0) builder.set("rate", row);
    }
    const rate = builder.close().columns.get("rate");
    expect(rate?.values).toHaveLength(1000);
    for (let row = 0; row < 1000; row += 1) expect(valueAt(rate, row)).toBe(row % 3 === 0 ? row : undefined);
  });

  it("keeps no memory that it does not need, and no flags where nothing is absent", () => {
    const builder = new TableBuilder();
    builder.next();
    builder.set("up", 1);
    const up = builder.close().columns.get("up");
    expect(up).toEqual({ values: Float64Array.of(1) });
    expect(up?.values.buffer.byteLength).toBe(8);
  });
});
