import { describe, expect, it } from "vitest";
import { LogParser as CoreParser } from "../../src/core/log-parser.js";
import type { Measurement } from "../../src/core/measurement.js";
import { LogParser } from "../../src/index.js";
import { nodeCore } from "../../src/node-core.js";
import { RunReader } from "../../src/run/run-reader.js";
import { StepRows } from "../../src/run/step-rows.js";
import { column, runOf } from "../report/sample-run.js";
import { planOf } from "./plan-of.js";

const bytes = (text: string) => new TextEncoder().encode(text);

/** A start of Marian in a zone, at ten in the morning, with one training and one validation record. */
function segment(zone: string | undefined, up: number): string {
  const stamp = "[2024-01-01 10:00:00]";
  return [
    `${stamp} [marian] Marian v1.12.42 b7be0e964`,
    ...(zone === undefined ? [] : [`${stamp} [config] log-time-zone: ${zone}`]),
    `${stamp} [config] seed: 7`,
    `${stamp} Ep. 1 : Up. ${up} : Sen. 100 : Cost 6.5`,
    `${stamp} [valid] Ep. 1 : Up. ${up} : chrf : 50.5 : new best`,
    "",
  ].join("\n");
}

const ZONES = ["Asia/Tokyo", "America/New_York", undefined, "Nowhere/Nope", "JST-9", '""'];
const OFFSETS = ["+09:00", "-05:00", "", "", "+09:00", ""];
const LOG = ZONES.map((zone, index) => segment(zone, (index + 1) * 10)).join("");
const WRITTEN = OFFSETS.map((offset) => `2024-01-01T10:00:00${offset}`);
const INSTANTS = OFFSETS.map((offset) => Date.parse(`2024-01-01T10:00:00${offset || "Z"}`));

function measurements(timeZone?: string): Measurement[] {
  using parser = new LogParser(timeZone === undefined ? {} : { timeZone });
  return [...parser.feed(bytes(LOG)).measurements(), ...parser.finish().measurements()];
}

function times(type: Measurement["type"], timeZone?: string): (string | undefined)[] {
  return measurements(timeZone)
    .filter((one) => one.type === type)
    .map((one) => ("timestamp" in one ? one.timestamp : undefined));
}

describe("log-time-zone", () => {
  it.each(["segment", "training", "validation"] as const)("is the zone of a segment's stamps: %s", (type) => {
    expect(times(type)).toEqual(WRITTEN);
  });

  it("gives way to the zone that the user names", () => {
    expect(times("training", "Europe/Paris")).toEqual(ZONES.map(() => "2024-01-01T10:00:00+01:00"));
  });

  it("leaves Taskcluster's times as they are", () => {
    using parser = new LogParser();
    const text = segment("Asia/Tokyo", 1).replaceAll(/^(?=.)/gm, "[task 2024-01-01T01:00:00.500+00:00] ");
    const found = [...parser.feed(bytes(text)).measurements(), ...parser.finish().measurements()];
    for (const one of found) expect(one).toMatchObject({ timestamp: "2024-01-01T01:00:00.500Z" });
    expect(found).toHaveLength(3);
  });

  it("costs itself where it is unknown, with a warning", async () => {
    using parser = new LogParser();
    const reader = new RunReader(parser);
    await reader.read(bytes(LOG));
    await reader.finish();
    const warnings = reader.tally.warnings.filter((warning) => warning.includes("time"));
    expect(warnings).toEqual([
      "line 15: log-time-zone 'Nowhere/Nope' is not a time zone, so the segment's times are taken as UTC; --time-zone sets another",
    ]);
  });

  it("is no matter for a warning where the user names the zone", async () => {
    using parser = new LogParser({ timeZone: "Europe/Paris" });
    const reader = new RunReader(parser);
    await reader.read(bytes(LOG));
    await reader.finish();
    expect(reader.tally.warnings.filter((warning) => warning.includes("time"))).toEqual([]);
  });

  it("makes the times of rows by update and of a report's tables", async () => {
    const one = async function* () {
      yield bytes(LOG);
    };
    using first = new CoreParser(nodeCore());
    const plan = await planOf(first, one());
    expect(plan.startedAt).toBe(INSTANTS[0]);
    using parser = new LogParser();
    const rows = new StepRows(parser.time, plan);
    const all = [...rows.each(parser.feed(bytes(LOG))), ...rows.each(parser.finish()), ...rows.finish()];
    expect(all.map(({ timestamp }) => timestamp)).toEqual(INSTANTS);

    const run = await runOf(LOG);
    expect(column(run.training, "timestamp")).toEqual(INSTANTS);
    expect(column(run.validation.get("chrf"), "timestamp")).toEqual(INSTANTS);
    // One stamp of an unknown zone makes the axis one.
    expect(run.clock).toBe("local");
    expect((await runOf(segment("Asia/Tokyo", 1))).clock).toBe("utc");
  });
});
