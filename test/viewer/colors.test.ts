import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { runColor, runDashes } from "../../src/viewer/colors.js";
import { ciede2000, contrast, EYES, linearOf, linearOfHex, seen } from "./color-difference.js";

/** CIEDE2000 between any two lines that have the same dashes. */
const MIN_DIFFERENCE = 14;
/** Of lines to what is behind them, as WCAG asks of graphics. */
const MIN_CONTRAST = 3;
/** Runs that are told apart. */
const RUNS = 40;

const style = readFileSync(new URL("../../src/viewer/viewer.css", import.meta.url), "utf8");
const [light = "", dark = ""] = Array.from(
  style.matchAll(/--surface: (#\w{6});/g),
  ([, color = ""]) => color,
);

describe("CIEDE2000", () => {
  // From the table of those who described it.
  test.each([
    [[50, 2.6772, -79.7751], [50, 0, -82.7485], 2.0425],
    [[50, -1, 2], [50, 0, 0], 2.3669],
    [[50, 2.5, 0], [73, 25, -18], 27.1492],
    [[50, 2.5, 0], [58, 24, 15], 19.4535],
    [[60.2574, -34.0099, 36.2677], [60.4626, -34.1751, 39.4387], 1.2644],
    [[22.7233, 20.0904, -46.694], [23.0331, 14.973, -42.5619], 2.0373],
    [[2.0776, 0.0795, -1.135], [0.9033, -0.0636, -0.5514], 0.9082],
  ] as const)("of %j and %j is %d", (one, other, expected) => {
    expect(ciede2000(one, other)).toBeCloseTo(expected, 4);
    expect(ciede2000(other, one)).toBeCloseTo(expected, 4);
  });
});

describe.each([
  ["light", false, light],
  ["dark", true, dark],
] as const)("colours of runs on a %s surface", (_, isDark, surface) => {
  const runs = Array.from({ length: RUNS }, (_, index) => ({
    index,
    color: linearOf(runColor(index, isDark)),
    dashes: JSON.stringify(runDashes(index)),
  }));

  test.each(Object.entries(EYES))("are told apart, with %s", (_, eyes) => {
    const alike: string[] = [];
    for (const one of runs) {
      for (const other of runs.slice(0, one.index)) {
        if (one.dashes !== other.dashes) continue;
        const difference = ciede2000(seen(one.color, eyes), seen(other.color, eyes));
        if (difference < MIN_DIFFERENCE)
          alike.push(`${other.index} and ${one.index}: ${difference.toFixed(1)}`);
      }
    }
    expect(alike).toEqual([]);
  });

  test("stand out from it, and are within what screens show", () => {
    for (const { color } of runs) {
      expect(contrast(color, linearOfHex(surface))).toBeGreaterThanOrEqual(MIN_CONTRAST);
      for (const part of color) {
        expect(part).toBeGreaterThan(-0.003);
        expect(part).toBeLessThan(1.003);
      }
    }
  });
});
