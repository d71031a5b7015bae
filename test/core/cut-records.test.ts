/** Records that a line feed cuts, through the library: read whole, or unmatched, and held only for a while where the log is live. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { LogParser, parseLog } from "../../src/index.js";
import { publishLog } from "../../src/pipeline/publish-log.js";
import type { RunUpdate } from "../../src/run/run-reader.js";

const bytes = (text: string) => new TextEncoder().encode(text);
const train = (up: number, cost = "5.12345678") =>
  `[2024-01-01 10:00:00] Ep. 1 : Up. ${up} : Sen. 50,000 : Cost ${cost} : Time 12.30s : 1234.50 words/s\n`;

async function valuesOf(text: string): Promise<{ rows: string[]; unmatched: number }> {
  const rows: string[] = [];
  let unmatched = 0;
  for await (const measurement of parseLog([bytes(text)])) {
    if (measurement.type === "unmatched") unmatched += 1;
    if (measurement.type !== "training" && measurement.type !== "validation") continue;
    const { line: _, timestamp: __, ...values } = measurement;
    rows.push(JSON.stringify(values));
  }
  return { rows, unmatched };
}

it("a cut cost is read whole, with the first line's number", async () => {
  using parser = new LogParser();
  const cut = train(1000).replace("5.123", "5.123\n");
  const rows = [...parser.feed(bytes(train(500) + cut)).measurements(), ...parser.finish().measurements()];
  expect(rows).toMatchObject([{ line: 1 }, { line: 2, up: 1000, cost: 5.12345678, rate: 1234.5 }]);
});

it("a folded log has the numbers of the log", async () => {
  const log = readFileSync(new URL("../../fixtures/train.log", import.meta.url), "utf8");
  const whole = await valuesOf(log);
  expect(whole.rows.length).toBe(87 + 68);
  for (const width of [40, 72, 80, 133]) {
    const pieces = log.replaceAll(new RegExp(`(?<=^(?:.{${width}})+)(?=.)`, "gm"), "\n");
    expect(await valuesOf(pieces), String(width)).toEqual(whole);
  }
});

it("a live parser holds a record until the next line, or until it is settled", () => {
  using parser = new LogParser({ live: true });
  expect(parser.feed(bytes(train(500))).training.length).toBe(0);
  expect(parser.holds).toBe(true);
  expect(parser.settle().training.up).toEqual(new Float64Array([500]));
  expect(parser.holds).toBe(false);
  // A record of the known shape waits for nothing.
  expect(parser.feed(bytes(train(1000))).training.length).toBe(1);
  const cut = train(1500).replace("5.123", "5.123\n").split("\n");
  expect(parser.feed(bytes(`${cut[0]}\n`)).training.length).toBe(0);
  expect([...parser.feed(bytes(`${cut[1]}\n`)).training.cost]).toEqual([5.12345678]);
  expect(parser.feed(bytes(`${cut[0]}\n`)).training.length).toBe(0);
  expect([...parser.settle().measurements()]).toMatchObject([{ type: "unmatched", line: 5 }]);
});

it("a live job settles what is held when no chunk comes", async () => {
  const updates: RunUpdate[] = [];
  let go = () => {};
  const gone = new Promise<void>((resolve) => {
    go = resolve;
  });
  async function* chunks() {
    yield bytes(train(500));
    // The log goes on only after the record was handed over.
    await gone;
    yield bytes(train(1000));
  }
  const publisher = {
    name: "test",
    publish: async (update: RunUpdate) => {
      updates.push(update);
      if (update.batch.training.length > 0) go();
    },
    close: async () => ({ outputs: [] }),
    discard: async () => {},
  };
  const receipt = await publishLog({ name: "-", chunks }, { live: true }, [publisher], {
    pause: async () => {},
  });
  expect(receipt.counts).toMatchObject({ training: 2, unmatched: 0 });
  expect(updates.map(({ batch }) => batch.training.length)).toContain(1);
});
