import { describe, expect, it } from "vitest";
import { type AxisName, lowerBound, RunAxes } from "../../../src/viewer/charts/axis.js";
import { start, valid } from "../../cli/sample-logs.js";
import { runOf } from "../../report/sample-run.js";

function row(up: number, epoch: number | string, sen: number, time?: string): string {
  return `${time === undefined ? "" : `[${time}] `}Ep. ${epoch} : Up. ${up} : Sen. ${sen} : Cost 5.0 : Time 10.00s : 5.00 words/s\n`;
}

async function places(log: string, axis: AxisName): Promise<number[]> {
  return [...new RunAxes(await runOf(log)).training(axis)];
}

describe("the axis of epochs", () => {
  it("divides plain epochs by their sentences; the last one is as long as the longest", async () => {
    const log = row(1, 1, 500) + row(2, 1, 1000) + row(3, 2, 500) + row(4, 2, 900) + row(5, 3, 250);
    expect(await places(log, "epoch")).toEqual([0.5, 1, 1 + 500 / 900, 2, 2.25]);
  });

  it("takes Marian's logical epochs as they are", async () => {
    expect(await places(row(1, "0.250", 500) + row(2, "1.000", 900), "epoch")).toEqual([0.25, 1]);
  });
});

describe("the axis of sentences", () => {
  it("goes on where Marian counts anew", async () => {
    const log = row(1, 1, 500) + row(2, 1, 1000) + row(3, 2, 400) + row(4, 2, 800) + row(5, 3, 100);
    expect(await places(log, "sentences")).toEqual([500, 1000, 1400, 1800, 1900]);
  });

  it("goes back with a restart", async () => {
    const log =
      start() +
      row(1, 1, 500) +
      row(2, 1, 1000) +
      row(3, 2, 400) +
      row(4, 2, 800) +
      start() +
      row(3, 2, 400) +
      row(4, 2, 800);
    expect(await places(log, "sentences")).toEqual([500, 1000, 1400, 1800, 1400, 1800]);
  });
});

describe("the axes of time", () => {
  it("are the log's times, and those since its first record", async () => {
    const log = row(1, 1, 1, "2024-07-03 09:00:00") + row(2, 1, 2, "2024-07-03 09:10:00");
    expect(await places(log, "clock")).toEqual([Date.UTC(2024, 6, 3, 9), Date.UTC(2024, 6, 3, 9, 10)]);
    expect(await places(log, "elapsed")).toEqual([0, 600_000]);
  });

  it("add up Marian's own timer where there are no times", async () => {
    expect(await places(row(1, 1, 1) + row(2, 1, 2), "elapsed")).toEqual([10_000, 20_000]);
    expect(await places(row(1, 1, 1), "clock")).toEqual([Number.NaN]);
  });
});

describe("a validation", () => {
  it("lies between the training rows of its segment", async () => {
    const log =
      start() +
      row(100, 1, 1000) +
      row(200, 1, 2000) +
      valid(150, "chrf", 1) +
      valid(200, "chrf", 2) +
      start() +
      row(180, 1, 1800) +
      valid(180, "chrf", 3);
    const run = await runOf(log);
    const chrf = run.validation.get("chrf");
    if (chrf === undefined) throw new Error("the log has chrf");
    const axes = new RunAxes(run);
    expect([...axes.other(chrf, "up")]).toEqual([150, 200, 180]);
    expect([...axes.other(chrf, "sentences")]).toEqual([1500, 2000, 1800]);
    expect([...axes.other(chrf, "epoch")]).toEqual([0.75, 1, 0.9]);
  });

  it("without training rows lies at the start of its epoch, and has no sentences", async () => {
    const run = await runOf(valid(150, "chrf", 1, "new best", { epoch: 3 }));
    const chrf = run.validation.get("chrf");
    if (chrf === undefined) throw new Error("the log has chrf");
    const axes = new RunAxes(run);
    expect([...axes.other(chrf, "epoch")]).toEqual([2]);
    expect([...axes.other(chrf, "sentences")]).toEqual([Number.NaN]);
    expect([...axes.other(chrf, "elapsed")]).toEqual([0]);
  });
});

describe("the search for the first index", () => {
  it.each([
    [0, 0],
    [3, 1],
    [5, 2],
    [9, 4],
  ])("that is at least %d finds %d", (wanted, index) => {
    const values = [1, 3, 5, 8];
    expect(lowerBound(values.length, (at) => (values[at] ?? 0) >= wanted)).toBe(index);
  });
});
