/** Columns of metrics whose names are not fit for one. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ColumnNames, type ColumnRule, stalledColumn } from "../../src/run/metric-columns.js";

const RULE: ColumnRule = {
  form: "table",
  own: new Set(["epoch", "segment", "chrf", "chrf_stalled"]),
  kept: new Set(["chrf"]),
};
const columnsOf = (metrics: readonly string[]) => Object.fromEntries(ColumnNames.of(metrics, RULE).columns);

describe("ColumnNames", () => {
  it("the metric with the fewest replaced characters keeps the name, then the first by its bytes", () => {
    expect(columnsOf(["a-b-c", "a_b-c", "a-b_c", "a_b_c"])).toEqual({
      a_b_c: "a_b_c",
      "a-b_c": "a_b_c_2",
      "a_b-c": "a_b_c_3",
      "a-b-c": "a_b_c_4",
    });
    expect(columnsOf(["epoch", "chrf", "chr-f", "chrf_stalled", "a_b_2", "a-b", "a_b"])).toEqual({
      epoch: "epoch_metric",
      chrf: "chrf",
      "chr-f": "chr_f",
      chrf_stalled: "chrf_stalled_metric",
      a_b: "a_b",
      a_b_2: "a_b_2",
      "a-b": "a_b_3",
    });
  });

  it("whatever their order, known metrics get the same columns, all different, also from others' stalls", () => {
    const name = fc
      .array(fc.constantFrom("a", "b", "-", "_", ".", "_stalled", "_2", "é", "😀", "epoch", "chrf"), {
        minLength: 1,
        maxLength: 4,
      })
      .map((parts) => parts.join(""));
    fc.assert(
      fc.property(
        fc
          .uniqueArray(name, { maxLength: 12 })
          .chain((names) =>
            fc.tuple(
              fc.constant(names),
              fc.shuffledSubarray(names, { minLength: names.length, maxLength: names.length }),
            ),
          ),
        ([metrics, shuffled]) => {
          const columns = columnsOf(metrics);
          expect(columnsOf(shuffled)).toEqual(columns);
          const all = Object.values(columns).flatMap((column) => [column, stalledColumn(column)]);
          expect(new Set(all).size).toBe(all.length);
          const foreign = all.filter((column) => RULE.own.has(column) && !column.startsWith("chrf"));
          expect(foreign).toEqual([]);
        },
      ),
    );
  });

  it("a name once given stays when a metric comes that would have had it", () => {
    const names = new ColumnNames(RULE);
    expect([names.add("a-b"), names.add("a_b"), names.add("a-b")]).toEqual(["a_b", "a_b_2", "a_b"]);
  });
});
