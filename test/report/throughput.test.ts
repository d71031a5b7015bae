import { describe, expect, it } from "vitest";
import { throughputOf } from "../../src/report/throughput.js";
import { start, valid } from "../cli/sample-logs.js";
import { runOf } from "./sample-run.js";

const clock = (seconds: number) =>
  new Date(Date.UTC(2024, 0, 1) + seconds * 1000).toISOString().slice(0, 19).replace("T", " ");

/** A record after so many seconds of the day, with the speed that its report has. */
function row(up: number, at: number, took: number, rate: number): string {
  return `[${clock(at)}] Ep. 1 : Up. ${up} : Sen. ${up} : Cost 5.0 : Time ${took.toFixed(2)}s : ${rate.toFixed(2)} words/s\n`;
}

describe("where the time of a training went", () => {
  it("is told by the speed between validations, and by the log's own times", async () => {
    const run = await runOf(
      start({ time: clock(0) }) +
        // 60 s to start, then 100 s a report at 1000 words/s.
        row(100, 160, 160, 625) +
        row(200, 260, 100, 1000) +
        row(300, 360, 100, 1000) +
        valid(300, "chrf", 10, "new best", { time: clock(400) }) +
        // Marian's report counts the 50 s of the validation in.
        row(400, 510, 150, 100_000 / 150) +
        // Something else used the machine: 100 s instead of 50.
        row(500, 610, 100, 500) +
        start({ time: clock(1610) }) +
        // From update 300 again.
        row(400, 1710, 100, 1000) +
        row(500, 1810, 100, 1000),
    );
    const times = throughputOf(run);
    expect(times?.usualRate).toBe(1000);
    expect(times?.wall).toBe(1_810_000);
    expect(times?.starting).toBeCloseTo(60_000, -1);
    expect(times?.validating).toBeCloseTo(50_000, -1);
    expect(times?.slow).toBeCloseTo(50_000, -1);
    expect(times?.between).toBe(1_000_000);
    expect(times?.training).toBeCloseTo(100_000 + 200_000 + 100_000 + 50_000 + 200_000, -1);
    expect(times?.repeated).toBeCloseTo(250_000, -1);
    expect(times?.overallRate).toBeCloseTo(650_000 / 1810, -1);
  });

  it("is also told where the report's time leaves the validation out", async () => {
    const run = await runOf(
      row(100, 100, 100, 1000) +
        row(200, 200, 100, 1000) +
        valid(200, "chrf", 10, "new best", { time: clock(230) }) +
        row(300, 340, 100, 1000) +
        row(400, 440, 100, 1000),
    );
    expect(throughputOf(run)?.validating).toBeCloseTo(40_000, -1);
  });

  it("counts a little noise of the speed as training", async () => {
    const rates = [1000, 990, 1010, 950, 1040, 1000];
    const log = rates.map((rate, index) => row((index + 1) * 100, (index + 1) * 100, 100, rate)).join("");
    const times = throughputOf(await runOf(log));
    expect(times).toMatchObject({ slow: 0, wall: 500_000, training: 500_000 });
  });

  it("is not told without times, and without speeds is all training", async () => {
    expect(throughputOf(await runOf(row(100, 0, 10, 10).replace(/^\[.*?\] /, "")))).toBeUndefined();
    const plain = (up: number, at: number) => `[${clock(at)}] Ep. 1 : Up. ${up} : Sen. 1 : Cost 5.0\n`;
    const times = throughputOf(await runOf(plain(1, 0) + plain(2, 10) + plain(3, 30)));
    expect(times).toMatchObject({ wall: 30_000, training: 30_000 });
    expect(times).not.toHaveProperty("usualRate");
  });
});
