import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { downsample } from "../../../src/viewer/charts/downsample.js";

describe("a line for the screen", () => {
  it("is the whole line while that fits, with one point more on each side", () => {
    const x = Float64Array.of(1, 2, 3, 4, 5);
    const y = Float64Array.of(9, 8, 7, 6, 5);
    expect(downsample(x, y, 2.5, 3.5, 100)).toEqual({
      x: Float64Array.of(2, 3, 4),
      y: Float64Array.of(8, 7, 6),
      index: Uint32Array.of(1, 2, 3),
    });
    expect(downsample(x, y, 1, 5, 100).x).toEqual(x);
    expect(downsample(x, y, 7, 9, 100).x).toEqual(Float64Array.of(5));
  });

  const value = fc.oneof(
    { weight: 20, arbitrary: fc.double({ min: -100, max: 100, noNaN: true }).map((number) => number + 0) },
    { weight: 1, arbitrary: fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY) },
  );

  it("keeps in each pixel column first, last, least and greatest, and each kind that is no number", () => {
    fc.assert(
      fc.property(
        fc.array(value, { minLength: 60, maxLength: 200 }),
        fc.integer({ min: 2, max: 12 }),
        (values, columns) => {
          const x = Float64Array.from(values, (_, index) => index);
          const y = Float64Array.from(values);
          const [from, to] = [0, values.length - 1];
          const drawn = downsample(x, y, from, to, columns);
          const column = (place: number) => Math.floor((place - from) * (columns / (to - from)));
          for (const [point, index] of drawn.index.entries()) {
            expect(drawn.x[point]).toBe(x[index]);
            expect(Object.is(drawn.y[point], y[index])).toBe(true);
            if (point > 0) expect(index).toBeGreaterThan(drawn.index[point - 1] ?? -1);
          }
          for (let wanted = 0; wanted <= columns; wanted += 1) {
            const all = [...y].filter((_, index) => column(index) === wanted);
            const kept = [...drawn.y].filter((_, point) => column(drawn.x[point] ?? 0) === wanted);
            expect(kept.length).toBeLessThanOrEqual(7);
            const numbers = (list: readonly number[]) => list.filter(Number.isFinite);
            const edges = (list: readonly number[]) => {
              const finite = numbers(list);
              return [finite.at(-1), Math.min(...finite), Math.max(...finite)];
            };
            expect(edges(kept)).toEqual(edges(all));
            if (Number.isFinite(all[0])) expect(kept).toContain(all[0]);
            const kinds = (list: readonly number[]) => new Set(list.filter((one) => !Number.isFinite(one)));
            expect(kinds(kept)).toEqual(kinds(all));
          }
        },
      ),
      { numRuns: 100 },
    );
  });

  it("of 100,000 rows has no more points than four a column, and a spike is among them", () => {
    const x = Float64Array.from({ length: 100_000 }, (_, index) => index);
    const y = x.map((index) => Math.sin(index));
    y[54_321] = 1000;
    y[77_777] = Number.NaN;
    const drawn = downsample(x, y, 0, 99_999, 500);
    expect(drawn.x.length).toBeLessThanOrEqual(4 * 501 + 1);
    expect(Math.max(...[...drawn.y].filter(Number.isFinite))).toBe(1000);
    expect([...drawn.index]).toContain(77_777);
  });

  it("never loses the edges of what is zoomed into", () => {
    const x = Float64Array.from({ length: 10_000 }, (_, index) => index);
    const drawn = downsample(x, x, 2500.5, 7499.5, 100);
    expect(drawn.x[0]).toBe(2500);
    expect(drawn.x.at(-1)).toBe(7500);
  });
});
