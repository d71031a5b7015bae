import { describe, expect, it } from "vitest";
import { panned, roomy, union, within, zoomed } from "../../../src/viewer/charts/zoom.js";

const full = { from: 0, to: 100 };

describe("a part of the axis", () => {
  it("zooms around a place, and out to the whole", () => {
    expect(zoomed(full, 0.5, 20, full)).toEqual({ from: 10, to: 60 });
    expect(zoomed({ from: 40, to: 60 }, 2, 50, full)).toEqual({ from: 30, to: 70 });
    expect(zoomed({ from: 10, to: 90 }, 4, 50, full)).toBeUndefined();
  });

  it("moves, and stops at the ends with its width", () => {
    expect(panned({ from: 40, to: 60 }, 0.5, full)).toEqual({ from: 50, to: 70 });
    expect(panned({ from: 75, to: 95 }, 1, full)).toEqual({ from: 80, to: 100 });
    expect(panned({ from: 5, to: 25 }, -1, full)).toEqual({ from: 0, to: 20 });
    expect(panned(full, 1, full)).toBeUndefined();
  });

  it("lies in the whole, and never becomes too small to draw", () => {
    expect(within({ from: -10, to: 50 }, full)).toEqual({ from: 0, to: 50 });
    const least = within({ from: 50, to: 50 }, full);
    expect(least?.to).toBeGreaterThan(least?.from ?? 0);
  });

  it("of several runs holds all of them", () => {
    expect(union([{ from: 1, to: 5 }, undefined, { from: -2, to: 3 }])).toEqual({ from: -2, to: 5 });
    expect(union([undefined])).toBeUndefined();
  });

  it("has room at its ends, a single place too", () => {
    expect(roomy({ from: 0, to: 1000 })).toEqual({ from: -20, to: 1020 });
    expect(roomy({ from: 200, to: 200 })).toEqual({ from: 190, to: 210 });
    expect(roomy({ from: 0, to: 0 })).toEqual({ from: -1, to: 1 });
  });
});
