import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import type { Measurement } from "../../src/core/measurement.js";
import { parseLog } from "../../src/index.js";
import { train, valid } from "../cli/sample-logs.js";
import { column, runOf } from "./sample-run.js";

const fixture = (name: string) =>
  readFileSync(fileURLToPath(new URL(`../../fixtures/${name}`, import.meta.url)));

async function measurements(bytes: Uint8Array): Promise<Measurement[]> {
  const all: Measurement[] = [];
  for await (const measurement of parseLog(bytes)) all.push(measurement);
  return all;
}

describe("the run of a report", () => {
  it.each(["train.log", "taskcluster.log", "dialects.log", "damaged.log"])(
    "has every value of %s, as the library gives it",
    async (name) => {
      const run = await runOf(fixture(name));
      const all = await measurements(fixture(name));
      const training = all.filter((measurement) => measurement.type === "training");
      expect(run.training.length).toBe(training.length);
      for (const field of [
        "line",
        "segment",
        "epoch",
        "up",
        "sen",
        "cost",
        "labels",
        "batch_labels",
        "total_labels",
        "time",
        "rate",
        "gnorm",
        "learning_rate",
      ] as const) {
        expect(column(run.training, field)).toEqual(training.map((row) => row[field]));
      }
      const validation = all.filter((measurement) => measurement.type === "validation");
      expect([...run.validation.keys()]).toEqual([...new Set(validation.map(({ metric }) => metric))]);
      for (const [metric, table] of run.validation) {
        const records = validation.filter((record) => record.metric === metric);
        for (const field of ["line", "segment", "epoch", "up", "value", "stalled", "best"] as const) {
          expect(column(table, field)).toEqual(records.map((record) => record[field]));
        }
      }
    },
  );

  it("keeps starts, configuration, counts and samples of what could not be read", async () => {
    const run = await runOf(fixture("train.log"));
    expect(run.segments.map(({ segment, line }) => [segment, line])).toEqual([
      [0, 1],
      [1, 199],
    ]);
    expect(run.segments[0]?.config?.["valid-metrics"]).toEqual([
      "chrf",
      "ce-mean-words",
      "bleu-detok",
      "perplexity",
    ]);
    expect(run.versions).toEqual(["v1.12.14"]);
    expect(run.counts).toMatchObject({ training: 87, validation: 68, starts: 2, unmatched: 0 });
    expect(run.findings.map(({ kind }) => kind)).toContain("restart");
    const damaged = await runOf(fixture("damaged.log"));
    expect(damaged.unmatchedSamples).toHaveLength(4);
  });

  it("has times in milliseconds, and says whose clock they are", async () => {
    const local = await runOf(train(1000, { time: "2024-07-03 09:00:00" }));
    expect(column(local.training, "timestamp")).toEqual([Date.UTC(2024, 6, 3, 9)]);
    expect(local.clock).toBe("local");
    const zoned = await runOf(train(1000, { time: "2024-07-03 09:00:00" }), { timeZone: "Europe/Paris" });
    expect(column(zoned.training, "timestamp")).toEqual([Date.UTC(2024, 6, 3, 7)]);
    expect(zoned.clock).toBe("utc");
    const task = await runOf(`[task 2024-07-03T07:00:00.500Z] ${train(1000)}`);
    expect(column(task.training, "timestamp")).toEqual([Date.UTC(2024, 6, 3, 7, 0, 0, 500)]);
    expect(task.clock).toBe("utc");
    const none = await runOf(train(1000).replace(/^\[.*?\] /, ""));
    expect(column(none.training, "timestamp")).toEqual([undefined]);
    expect(none.clock).toBeUndefined();
  });

  it("keeps NaN, infinities and what is absent apart", async () => {
    const run = await runOf(
      train(1000).replace(/Cost [\d.]+/, "Cost nan") +
        train(2000)
          .replace(/Cost [\d.]+/, "Cost -inf")
          .replace(/ : gNorm [\d.]+/, "") +
        valid(2000, "perplexity", "inf") +
        valid(2000, "chrf", "nan", "stalled 2 times (last best: 3.5)"),
    );
    expect(column(run.training, "cost")).toEqual([Number.NaN, Number.NEGATIVE_INFINITY]);
    expect(column(run.training, "gnorm")).toEqual([1.0625, undefined]);
    expect(column(run.validation.get("perplexity"), "value")).toEqual([Number.POSITIVE_INFINITY]);
    expect(column(run.validation.get("chrf"), "value")).toEqual([Number.NaN]);
    expect(column(run.validation.get("chrf"), "best")).toEqual([3.5]);
  });

  it("draws numbers of the user's own patterns, and counts what is none", async () => {
    const log = `${train(1000)}gpu 3 used 17.5 GB by alice\n${train(2000)}gpu 1 used nan GB by bob\n`;
    const run = await runOf(log, {
      patterns: [{ name: "gpu", regex: "gpu (?P<index>\\d+) used (?P<memory>\\S+) GB by (?P<who>\\w+)" }],
    });
    expect([...run.patterns.keys()]).toEqual(["gpu/index", "gpu/memory"]);
    expect(column(run.patterns.get("gpu/memory"), "value")).toEqual([17.5, Number.NaN]);
    expect(column(run.patterns.get("gpu/memory"), "up")).toEqual([1000, 2000]);
  });
});

describe("marks", () => {
  it("are restarts and what the log says itself, with the update before them", async () => {
    const stamp = (time: string) => `[2024-07-03 ${time}] `;
    const row = (up: number) => `Ep. 1 : Up. ${up} : Sen. 10 : Cost 3 : Time 1.00s : 10 words/s\n`;
    const banner = (time: string) =>
      `${stamp(time)}[marian] Marian v1.12.14 2d067af\n${stamp(time)}[config] type: s2s\n`;
    const log =
      `${banner("08:00:00")}${stamp("08:00:01")}Training started\n${stamp("08:01:00")}${row(100)}` +
      `${stamp("08:02:00")}Saving model weights and runtime parameters to model.npz\n` +
      `${stamp("08:02:30")}Best translation 0 : a\nKilled\n` +
      `${banner("09:00:00")}${stamp("09:01:00")}Loading model from model.npz\n${stamp("09:02:00")}${row(100)}` +
      `${stamp("09:03:00")}Decaying learning rate to 0.00015 in epoch 1\n${stamp("09:04:00")}Training finished\n`;
    const { marks } = await runOf(log);
    const at = (time: string) => Date.parse(`2024-07-03T${time}Z`);
    expect(marks).toEqual([
      {
        kind: "save",
        line: 5,
        segment: 0,
        up: 100,
        timestamp: at("08:02:00"),
        text: "Saving model weights and runtime parameters to model.npz",
      },
      { kind: "death", line: 7, segment: 0, up: 100, text: "Killed" },
      { kind: "restart", line: 8, segment: 1, up: 100, timestamp: at("09:00:00"), text: "Marian v1.12.14" },
      {
        kind: "load",
        line: 10,
        segment: 1,
        up: 100,
        timestamp: at("09:01:00"),
        text: "Loading model from model.npz",
      },
      {
        kind: "decay",
        line: 12,
        segment: 1,
        up: 100,
        timestamp: at("09:03:00"),
        text: "Decaying learning rate to 0.00015 in epoch 1",
      },
      {
        kind: "finished",
        line: 13,
        segment: 1,
        up: 100,
        timestamp: at("09:04:00"),
        text: "Training finished",
      },
    ]);
  });
});
