import { describe, expect, it } from "vitest";
import { resumedAt } from "../../../src/report/restarts.js";
import { smoothed, traceOf } from "../../../src/viewer/charts/trace.js";
import { tableOf } from "../../report/sample-run.js";

function trace(columns: Readonly<Record<string, readonly number[]>>, joined = true) {
  const table = tableOf(columns);
  return traceOf(table, "cost", Float64Array.from(columns["up"] ?? []), resumedAt(table), joined);
}

const brief = ({ traceLines }: ReturnType<typeof trace>) =>
  traceLines.map(({ segment, superseded, x, y }) => ({ segment, superseded, x: [...x], y: [...y] }));

describe("the lines of a run", () => {
  it("are one where nothing breaks it; values that are no numbers stay in it", () => {
    expect(brief(trace({ up: [1, 2, 3], segment: [0, 0, 0], cost: [5, Number.NaN, 3] }))).toEqual([
      { segment: 0, superseded: false, x: [1, 2, 3], y: [5, Number.NaN, 3] },
    ]);
  });

  it("show what a restart trained again, and go on from where it began", () => {
    const columns = {
      up: [1, 2, 3, 4, 3, 4, 5],
      segment: [0, 0, 0, 0, 1, 1, 1],
      cost: [9, 8, 7, 6, 7.5, 6.5, 5],
    };
    expect(brief(trace(columns))).toEqual([
      { segment: 0, superseded: false, x: [1, 2], y: [9, 8] },
      { segment: 0, superseded: true, x: [2, 3, 4], y: [8, 7, 6] },
      { segment: 1, superseded: false, x: [2, 3, 4, 5], y: [8, 7.5, 6.5, 5] },
    ]);
    // Over times a line from there would cross all that came between.
    expect(brief(trace(columns, false))[2]).toEqual({
      segment: 1,
      superseded: false,
      x: [3, 4, 5],
      y: [7.5, 6.5, 5],
    });
  });

  it("break where places go back without a restart: two writers share the log", () => {
    expect(brief(trace({ up: [1, 5, 2, 6], segment: [0, 0, 0, 0], cost: [9, 5, 8, 4] }))).toEqual([
      { segment: 0, superseded: false, x: [1, 5], y: [9, 5] },
      { segment: 0, superseded: false, x: [2, 6], y: [8, 4] },
    ]);
  });

  it("leave out absent values, and count those without a place", () => {
    const table = tableOf({ up: [1, 2, 3, 4], segment: [0, 0, 0, 0] });
    const cost = { values: Float64Array.of(9, Number.NaN, 7, 6), absent: Uint8Array.of(0, 1, 0, 0) };
    const whole = { ...table, columns: new Map([...table.columns, ["cost", cost]]) };
    const { traceLines, unplaced } = traceOf(
      whole,
      "cost",
      Float64Array.of(1, 2, Number.NaN, 4),
      new Map(),
      true,
    );
    expect(traceLines.map(({ row }) => [...row])).toEqual([[0, 3]]);
    expect(unplaced).toBe(1);
  });

  it("of many restarts are superseded from the least update that came after", () => {
    const table = tableOf({ up: [1, 2, 3, 2, 3, 4, 3], segment: [0, 0, 0, 1, 1, 1, 2] });
    expect([...resumedAt(table)].sort()).toEqual([
      [0, 2],
      [1, 3],
      [2, Number.POSITIVE_INFINITY],
    ]);
  });
});

describe("smoothing", () => {
  const of = (cost: readonly number[], weight: number, up = cost.map((_, row) => row + 1)) =>
    smoothed(tableOf({ up, cost }), "cost", weight);

  it("starts at the first value, and passes over what is no number", () => {
    const [first, second, third, fourth] = of([4, 2, Number.NaN, 3], 0.5);
    expect(first).toBe(4);
    expect(second).toBeCloseTo((0.5 * 0.5 * 4 + 0.5 * 2) / 0.75);
    expect(third).toBeNaN();
    expect(fourth).toBeCloseTo((0.125 * 4 + 0.25 * 2 + 0.5 * 3) / 0.875);
  });

  it("of a constant is the constant", () => {
    for (const value of of(new Array(50).fill(3.5), 0.99)) expect(value).toBeCloseTo(3.5);
  });

  it("goes on from where a restart went on", () => {
    const [, , , again] = of([4, 2, 9, 6], 0.5, [1, 2, 3, 3]);
    const [, , straight] = of([4, 2, 6], 0.5);
    expect(again).toBe(straight);
  });
});
