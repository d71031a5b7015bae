import { describe, expect, it } from "vitest";
import type { ValidationMeasurement } from "../../src/core/measurement.js";
import type { ValidationPoint } from "../../src/run/validation-point.js";
import { PointAssembler } from "./point-assembler.js";

let line = 0;

function record(
  up: number,
  metric: string,
  more: Partial<ValidationMeasurement> = {},
): ValidationMeasurement {
  line += 1;
  return { type: "validation", segment: 0, line, epoch: 1, up, metric, value: up / 10, ...more };
}

/** Points as `up:metric+metric`, with `?` where partial. */
function shown(points: readonly ValidationPoint[]): string[] {
  return points.map(
    ({ up, metrics, partial }) => `${up}:${[...metrics.keys()].join("+")}${partial ? "?" : ""}`,
  );
}

describe("a validation point", () => {
  it("closes when it has every metric that the configuration names, in any order", () => {
    const points = new PointAssembler();
    points.segment(["chrf", "bleu"]);
    expect(shown(points.validation(record(100, "bleu")))).toEqual([]);
    expect(shown(points.validation(record(100, "chrf")))).toEqual(["100:bleu+chrf"]);
    expect(shown(points.finish())).toEqual([]);
  });

  it("keeps line, time, values and stalls of its records", () => {
    const points = new PointAssembler();
    points.segment(["chrf", "bleu"]);
    points.validation(
      record(100, "chrf", { line: 7, timestamp: "2024-01-01T00:00:00", value: 5, epoch: 1.5, segment: 3 }),
    );
    const [point] = points.validation(
      record(100, "bleu", { line: 9, value: Number.NaN, stalled: 2, best: 8, epoch: 1.5, segment: 3 }),
    );
    expect(point).toEqual({
      segment: 3,
      epoch: 1.5,
      up: 100,
      line: 7,
      timestamp: "2024-01-01T00:00:00",
      metrics: new Map([
        ["chrf", { value: 5 }],
        ["bleu", { value: Number.NaN, stalled: 2, best: 8 }],
      ]),
      partial: false,
    });
    expect(Object.isFrozen(point)).toBe(true);
  });

  it("without a configuration expects the metrics of the last closed point", () => {
    const points = new PointAssembler();
    points.validation(record(100, "chrf"));
    points.validation(record(100, "bleu"));
    expect(shown(points.training(101))).toEqual(["100:chrf+bleu"]);
    points.validation(record(200, "chrf"));
    expect(points.waitsForTraining).toBe(false);
    expect(shown(points.training(300))).toEqual([]);
    expect(shown(points.validation(record(200, "bleu")))).toEqual(["200:chrf+bleu"]);
  });

  it("closes when a metric comes again, which opens a new one", () => {
    const points = new PointAssembler();
    points.segment(["chrf", "bleu"]);
    points.validation(record(100, "chrf", { value: 1 }));
    expect(shown(points.validation(record(100, "chrf", { value: 2 })))).toEqual(["100:chrf?"]);
    const [second] = points.validation(record(100, "bleu"));
    expect(second?.metrics.get("chrf")).toEqual({ value: 2 });
  });

  it("closes at a training record with a greater update when nothing is expected", () => {
    const points = new PointAssembler();
    points.validation(record(100, "chrf"));
    expect(points.waitsForTraining).toBe(true);
    expect(shown(points.training(99))).toEqual([]);
    expect(shown(points.training(100))).toEqual([]);
    expect(shown(points.training(101))).toEqual(["100:chrf"]);
    expect(points.waitsForTraining).toBe(false);
  });

  it("stays open at a training record while something is expected", () => {
    const points = new PointAssembler();
    points.segment(["chrf", "bleu"]);
    points.validation(record(100, "chrf"));
    expect(shown(points.training(500))).toEqual([]);
    expect(shown(points.validation(record(100, "bleu")))).toEqual(["100:chrf+bleu"]);
  });

  it("closes, the oldest first, when more than eight are open", () => {
    const points = new PointAssembler();
    points.segment(["chrf", "bleu"]);
    for (let up = 1; up <= 8; up += 1) expect(shown(points.validation(record(up, "chrf")))).toEqual([]);
    expect(shown(points.validation(record(9, "chrf")))).toEqual(["1:chrf?"]);
    expect(shown(points.finish())).toHaveLength(8);
  });

  it("closes at a restart, partial, and the new configuration counts from then on", () => {
    const points = new PointAssembler();
    points.segment(["chrf", "bleu"]);
    points.validation(record(100, "chrf"));
    expect(shown(points.segment(["ter"]))).toEqual(["100:chrf?"]);
    expect(shown(points.validation(record(100, "ter", { segment: 1 })))).toEqual(["100:ter"]);
  });

  it("closes at a restart without a configuration, and the last metrics are expected", () => {
    const points = new PointAssembler();
    points.segment(["chrf", "bleu"]);
    points.validation(record(100, "chrf"));
    points.validation(record(100, "bleu"));
    points.segment(undefined);
    points.validation(record(200, "bleu"));
    expect(shown(points.validation(record(200, "chrf")))).toEqual(["200:bleu+chrf"]);
    points.segment([]);
    points.validation(record(300, "bleu"));
    expect(shown(points.finish())).toEqual(["300:bleu?"]);
  });

  it("closes at the end, and is never dropped for being partial", () => {
    const points = new PointAssembler();
    points.segment(["chrf", "bleu"]);
    points.validation(record(100, "chrf"));
    points.validation(record(200, "ter"));
    expect(shown(points.finish())).toEqual(["100:chrf?", "200:ter?"]);
    expect(points.finish()).toEqual([]);
  });

  it("is one of a segment, an epoch and an update", () => {
    const points = new PointAssembler();
    points.segment(["chrf", "bleu"]);
    points.validation(record(100, "chrf"));
    points.validation(record(100, "bleu", { epoch: 2 }));
    points.validation(record(100, "bleu", { segment: 1 }));
    const { epoch: _none, ...old } = record(100, "bleu");
    points.validation(old);
    expect(shown(points.finish())).toEqual(["100:chrf?", "100:bleu?", "100:bleu?", "100:bleu?"]);
  });

  it("of two updates whose lines interleave is whole for both", () => {
    const points = new PointAssembler();
    points.segment(["a", "b", "c"]);
    const closed = [
      record(100, "a"),
      record(200, "a"),
      record(100, "b"),
      record(200, "b"),
      record(200, "c"),
      record(100, "c"),
    ].flatMap((next) => points.validation(next));
    expect(shown(closed)).toEqual(["200:a+b+c", "100:a+b+c"]);
  });

  it("may have further metrics besides the expected ones", () => {
    const points = new PointAssembler();
    points.segment(["chrf"]);
    expect(shown(points.validation(record(100, "ter")))).toEqual([]);
    expect(shown(points.validation(record(100, "chrf")))).toEqual(["100:ter+chrf"]);
    expect([...points.metricNames]).toEqual(["ter", "chrf"]);
  });
});
