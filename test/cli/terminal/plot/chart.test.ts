import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ChartStyle, type Curve, drawChart } from "../../../../src/cli/terminal/plot/chart.js";
import { SeriesBuffer } from "../../../../src/cli/terminal/plot/series-buffer.js";

const PLAIN: ChartStyle = {
  width: 40,
  height: 8,
  colour: false,
  unicode: true,
  logarithmic: false,
  outliers: false,
};

function curve(name: string, values: readonly (readonly [number, number])[]): Curve {
  const series = new SeriesBuffer();
  for (const [x, value] of values) series.push(x, value);
  return { name, points: series.points, summary: series.summary };
}

const lines = (text: string) => text.split("\n");
const rising = curve("run", [
  [0, 0],
  [100, 10],
]);
const falling = curve("b", [
  [0, 10],
  [100, 0],
]);

describe("a chart", () => {
  it("is a line of braille between two axes", () => {
    expect(lines(drawChart("cost", [rising], PLAIN))).toEqual([
      "cost",
      "10 ┤                               ⢀⣀⠤⠒⠉",
      "   │                           ⣀⡠⠔⠊⠁",
      "   │                      ⢀⡠⠤⠒⠉",
      "   │                  ⣀⠤⠔⠊⠁",
      " 5 ┤             ⢀⡠⠔⠒⠉",
      "   │         ⣀⠤⠒⠊⠁",
      "   │    ⢀⡠⠔⠊⠉",
      " 0 ┤⣀⠤⠒⠉⠁",
      "   └┴─────────────────┴────────────────┴",
      "    0                50              100",
      "⠒⠒ run: last 10 @ 100, min 0 @ 0, max 10 @ 100",
      "",
    ]);
  });

  it("is plain ASCII where the terminal is", () => {
    expect(lines(drawChart("cost", [rising], { ...PLAIN, unicode: false, width: 24 }))).toEqual([
      "cost",
      "10 +                  **",
      "   |               ***",
      "   |             **",
      "   |          ***",
      " 5 +       ***",
      "   |     **",
      "   |  ***",
      " 0 +**",
      "   ++---------+--------+",
      "    0        50      100",
      "* run: last 10 @ 100, min 0 @ 0, max 10 @ 100",
      "",
    ]);
  });

  it("tells several curves apart by marks", () => {
    expect(lines(drawChart("cost", [rising, falling], { ...PLAIN, height: 4, width: 20 }))).toEqual([
      "cost",
      "10 ┤+++          ***",
      "   │   +++++*****",
      " 5 ┤   *****+++++",
      " 0 ┤***          +++",
      "   └┴───────┴──────┴",
      "    0      50    100",
      "* run: last 10 @ 100, min 0 @ 0, max 10 @ 100",
      "+ b: last 0 @ 100, min 0 @ 100, max 10 @ 0",
      "",
    ]);
  });

  it.each([false, true])(
    "is scaled without outliers, which end at its edge (log scale %s)",
    (logarithmic) => {
      const values = [4e10, 300, 60, 40, 30];
      const outlier = curve(
        "run",
        values.map((value, index) => [index, value] as const),
      );
      const style = { ...PLAIN, logarithmic };
      const text = drawChart("perplexity", [outlier], style);
      expect(text).toMatch(/^perplexity.* \(outliers up to 40000000000 lie beyond it\)\n/);
      expect(text).not.toContain("G");
      // The first value's line runs along the upper edge.
      expect(lines(text)[1]).toMatch(/[┤│][⠉⠒⠤⠑⠢]/);
      const all = drawChart("perplexity", [outlier], { ...style, outliers: true });
      expect(all).not.toContain("outliers");
      expect(all).toContain(logarithmic ? "10M" : "40G");
    },
  );

  it("tells several curves apart by colours", () => {
    const text = drawChart("cost", [rising, falling], { ...PLAIN, colour: true });
    const start = String.fromCharCode(27);
    expect(text).toContain(`${start}[1mcost${start}[0m\n`);
    expect(text).toContain(`${start}[36m⠒⠒${start}[0m run:`);
    expect(text).toContain(`${start}[33m⠒⠒${start}[0m b:`);
    expect(text).toMatch(/36m[⠁-⣿].*33m[⠁-⣿]/);
  });

  it("marks where there is no number, and draws nothing across", () => {
    const broken = curve("run", [
      [0, 1],
      [10, 2],
      [20, Number.NaN],
      [30, Number.POSITIVE_INFINITY],
      [40, 3],
      [50, 4],
    ]);
    expect(lines(drawChart("cost", [broken], { ...PLAIN, height: 4, width: 30 }))).toEqual([
      "cost",
      "4 ┤                       ⣀⠤⠒⠉",
      "  │                     ⠒⠉",
      "2 ┤    ⣀⠤",
      "  │⣀⠤⠒⠉",
      "  └┴─────────×─────×─────────┴",
      "   0                        50",
      "⠒⠒ run: last 4 @ 50, min 1 @ 0, max 4 @ 50, 2 values are NaN or infinite (×), the first at 20",
      "",
    ]);
  });

  it("by powers of ten leaves out what has no place there, and says so", () => {
    const steep = curve("run", [
      [1, 0.001],
      [2, 0.01],
      [3, 0],
      [4, 10],
      [5, 100],
      [6, 1000],
    ]);
    const style = { ...PLAIN, height: 6, width: 30, logarithmic: true };
    expect(lines(drawChart("cost", [steep], style))).toEqual([
      "cost (log scale)",
      "      │                   ⣀⠤⠒⠉",
      "      │              ⢀⡠⠔⠊⠉",
      "   10 ┤             ⠈⠁",
      "      │",
      "      │    ⣀",
      "0.001 ┤⣀⠤⠒⠉",
      "      └──────────────────┴────",
      "                         5",
      "⠒⠒ run: last 1000 @ 6, min 0 @ 3, max 1000 @ 6, values of 0 and below are not on this scale",
      "",
    ]);
  });

  it("of one point, and of none", () => {
    const one = lines(drawChart("cost", [curve("one", [[1000, 5]])], { ...PLAIN, height: 4, width: 30 }));
    expect(one.slice(1, 6)).toEqual([
      "5.5 ┤",
      "    │",
      "5.0 ┤            ⠈",
      "4.5 ┤",
      "    └┴───────────┴───────────┴",
    ]);
    expect(drawChart("cost", [curve("none", [[1000, Number.NaN]])], PLAIN)).toBe(
      "cost\n⠒⠒ none: 1 value is NaN or infinite (×), the first at 1,000\n",
    );
  });

  const value = fc.oneof(
    fc.double({ min: -1e12, max: 1e12 }),
    fc.constantFrom(0, 1, -0, 1e-300, 5e-324, 1.7e308, -1.7e308, Infinity),
  );
  const points = fc.array(fc.tuple(fc.nat(1e9), value), { minLength: 1, maxLength: 200 });
  const style = fc.record({
    width: fc.integer({ min: 30, max: 200 }),
    height: fc.integer({ min: 4, max: 40 }),
    colour: fc.constant(false),
    unicode: fc.boolean(),
    logarithmic: fc.boolean(),
    outliers: fc.boolean(),
  });

  it("keeps to its size, whatever is drawn", () => {
    fc.assert(
      fc.property(fc.array(points, { minLength: 1, maxLength: 4 }), style, (curves, look) => {
        const drawn = curves.map((values, index) => curve(`run ${index}`, values));
        const text = lines(drawChart("cost", drawn, look)).slice(0, -1);
        const some = drawn.some(({ points: list }) =>
          list.some(({ max }) => (look.logarithmic ? (max ?? 0) > 0 : max !== undefined)),
        );
        expect(text).toHaveLength(1 + drawn.length + (some ? look.height + 2 : 0));
        for (const line of text.slice(1, -drawn.length)) expect(line.length).toBeLessThanOrEqual(look.width);
        expect(text.join("")).not.toMatch(/undefined|NaN(?! or)/);
      }),
    );
  });

  it("has a dot at the first, the last, the least and the greatest value", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(1e6), fc.integer({ min: -1e6, max: 1e6 })), { minLength: 2 }),
        (values) => {
          const [width, height] = [60, 12];
          const drawing = lines(
            drawChart("cost", [curve("run", values)], { ...PLAIN, width, height, outliers: true }),
          ).slice(1, height + 1);
          const body = drawing.map((line) => line.replace(/^[^┤│]*[┤│]/, "").trimEnd());
          const inked = (line: string | undefined) => /[⠁-⣿]/.test(line ?? "");
          const differ = new Set(values.map(([, y]) => y)).size > 1;
          if (differ) expect([inked(body[0]), inked(body.at(-1))]).toEqual([true, true]);
          const margin = (drawing[0] ?? "").search(/[┤│]/) + 1;
          if (new Set(values.map(([x]) => x)).size > 1) {
            expect(body.some((line) => inked(line[0]))).toBe(true);
            expect(body.some((line) => inked(line[width - margin - 1]))).toBe(true);
          }
        },
      ),
    );
  });
});
