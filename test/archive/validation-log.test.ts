import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { completeLog } from "../../src/archive/validation-log/join.js";
import { JoinedLog } from "../../src/archive/validation-log/joined-log.js";
import { LineSearch } from "../../src/archive/validation-log/lines.js";
import { type Measurement, parseLog } from "../../src/index.js";
import { FileSource, type Source } from "../../src/io/source.js";
import { makeTree } from "./tree.js";

/** A line of a log, and whether it is a validation. */
interface Line {
  readonly text: string;
  readonly isValidation: boolean;
}

function sourceOf(content: string | Uint8Array, size = 1 << 20, name = "train.log"): Source {
  const bytes = Buffer.from(content);
  return {
    name,
    async *chunks() {
      // The buffer is used again, as that of a file is.
      const buffer = new Uint8Array(size);
      for (let at = 0; at < bytes.length; at += size) {
        const part = bytes.subarray(at, at + size);
        buffer.set(part);
        yield buffer.subarray(0, part.length);
      }
    },
  };
}

const textOf = (lines: readonly Line[]) => lines.map(({ text }) => `${text}\n`).join("");

async function read(source: Source): Promise<{ text: string; error: unknown }> {
  const decoder = new TextDecoder();
  let text = "";
  try {
    for await (const chunk of source.chunks()) text += decoder.decode(chunk, { stream: true });
  } catch (error) {
    return { text, error };
  }
  return { text, error: undefined };
}

/** The records, without the numbers of their lines; validations of one update in the order of their metrics. */
async function recordsOf(text: string) {
  const records: Measurement[] = [];
  for await (const found of parseLog(Buffer.from(text))) records.push(found);
  return records
    .filter((one) => one.type === "training" || one.type === "validation")
    .map(({ line: _line, ...fields }) => fields)
    .map((fields, index) => ({ fields, index }))
    .sort((a, b) => {
      const [one, other] = [a.fields, b.fields];
      const areOfOnePoint =
        one.type === "validation" &&
        other.type === "validation" &&
        one.up === other.up &&
        one.segment === other.segment;
      return areOfOnePoint ? (one.metric < other.metric ? -1 : 1) : a.index - b.index;
    })
    .map(({ fields }) => fields);
}

const stamp = (seconds: number) =>
  new Date(Date.UTC(2026, 0, 1) + seconds * 1000).toISOString().replace("T", " ").slice(0, 19);
const training = (seconds: number, up: number): Line => ({
  text: `[${stamp(seconds)}] Ep. 1 : Up. ${up} : Sen. 1,000 : Cost 5.12345678 : Time 1.00s : 9.00 words/s : gNorm 1.0000`,
  isValidation: false,
});
const validation = (seconds: number, up: number, metric: string, value: number): Line => ({
  text: `[${stamp(seconds)}] [valid] Ep. 1 : Up. ${up} : ${metric} : ${value} : new best`,
  isValidation: true,
});
const start = (seconds: number): Line => ({
  text: `[${stamp(seconds)}] [marian] Marian v1.12.14 2d067af 2024-02-16 11:44:13 -0500`,
  isValidation: false,
});

/** A training that is restarted now and then, with validations of two metrics at every second record. */
const logs = fc
  .array(
    fc.record({
      back: fc.nat(3),
      steps: fc.array(fc.record({ pause: fc.nat(2), later: fc.nat(1) }), { maxLength: 8 }),
    }),
    { minLength: 1, maxLength: 3 },
  )
  .map((segments) => {
    const lines: Line[] = [];
    let time = 0;
    let up = 0;
    let value = 0;
    for (const { back, steps } of segments) {
      up = Math.max(0, up - back * 100);
      time += 2;
      lines.push(start(time));
      time += 2;
      for (const { pause, later } of steps) {
        time += pause;
        up += 100;
        lines.push(training(time, up));
        if (up % 200 !== 0) continue;
        for (const metric of ["bleu-detok", "chrf"]) {
          time += later;
          value += 1;
          lines.push(validation(time, up, metric, value));
        }
      }
    }
    return lines;
  });

describe("completeLog", () => {
  it("gives the log that would have been, whatever is left out of it", async () => {
    const property = fc.asyncProperty(
      logs,
      fc.infiniteStream(fc.boolean()),
      fc.integer({ min: 1, max: 300 }),
      async (lines, drop, size) => {
        const kept = lines.filter(({ isValidation }) => !(isValidation && drop.next().value));
        const log = sourceOf(textOf(kept), size);
        const filled = await completeLog(
          log,
          sourceOf(textOf(lines.filter(({ isValidation }) => isValidation)), size),
        );
        const { text, error } = await read(filled);
        expect(error).toBeUndefined();
        expect(await recordsOf(text)).toEqual(await recordsOf(textOf(lines)));
        if (kept.length === lines.length) expect(filled).not.toBeInstanceOf(JoinedLog);
        else expect(filled.size).toBe(text.length);
        expect(text.split("\n").sort()).toEqual(textOf(lines).split("\n").sort());
      },
    );
    await fc.assert(property, { numRuns: 150 });
  });

  it("goes by updates where the lines have no times", async () => {
    const property = fc.asyncProperty(logs, fc.infiniteStream(fc.boolean()), async (all, drop) => {
      const starts = all.findIndex(({ text }, index) => index > 0 && text.includes("[marian]"));
      const lines = all
        .slice(0, starts < 0 ? all.length : starts)
        .map(({ text, isValidation }) => ({ text: text.slice(22), isValidation }));
      const kept = lines.filter(({ isValidation }) => !(isValidation && drop.next().value));
      const filled = await completeLog(
        sourceOf(textOf(kept)),
        sourceOf(textOf(lines.filter((line) => line.isValidation))),
      );
      expect(await recordsOf((await read(filled)).text)).toEqual(await recordsOf(textOf(lines)));
    });
    await fc.assert(property, { numRuns: 50 });
  });

  it("goes by updates where the clocks are not the same, and before a restart that goes back", async () => {
    const task = (lines: readonly Line[]) =>
      textOf(lines.map((line) => ({ ...line, text: `[task 2026-05-05T00:00:00.000Z] ${line.text}` })));
    const log = task([
      start(1),
      training(10, 100),
      training(20, 200),
      start(30),
      training(40, 150),
      training(50, 250),
    ]);
    const valid = textOf([
      validation(11, 100, "chrf", 1),
      validation(21, 200, "chrf", 2),
      validation(51, 250, "chrf", 3),
    ]);
    const { text } = await read(await completeLog(sourceOf(log), sourceOf(valid)));
    const order = text.split("\n").map((line) => /Marian|Up\. \d+ : (?:chrf)?/.exec(line)?.[0]);
    expect(order).toEqual([
      "Marian",
      "Up. 100 : ",
      "Up. 100 : chrf",
      "Up. 200 : ",
      "Up. 200 : chrf",
      "Marian",
      "Up. 150 : ",
      "Up. 250 : ",
      "Up. 250 : chrf",
      undefined,
    ]);
  });

  it("adds a record only where epoch, update, metric or value is another, and none twice", async () => {
    const log = textOf([training(1, 100), validation(2, 100, "chrf", 1), training(3, 200)]);
    const valid = textOf([
      validation(2, 100, "chrf", 1),
      validation(2, 100, "chrf", 2),
      validation(2, 100, "chrf", 2),
      {
        text: "[2026-01-01 00:00:02] [valid]   Hyp: [valid] Ep. 1 : Up. 100 : chrf : 9 : new best",
        isValidation: false,
      },
      { text: "[2026-01-01 00:00:02] [valid] First sentence's tokens as scored:", isValidation: false },
    ]);
    const { text } = await read(await completeLog(sourceOf(log), sourceOf(valid)));
    expect(text.split("\n").length).toBe(log.split("\n").length + 1);
    expect(text).toContain("chrf : 2 : new best");
  });

  it("reads compressed logs, of any length", async () => {
    const noise = Array.from({ length: 30_000 }, (_, index) => ({
      text: `noise ${index} ${"x".repeat(60)}`,
      isValidation: false,
    }));
    const lines = [
      training(1, 100),
      ...noise,
      validation(5, 100, "chrf", 1),
      training(9, 200),
      ...noise,
      validation(12, 200, "chrf", 2),
    ];
    const kept = textOf(lines.filter(({ isValidation }) => !isValidation));
    const valid = gzipSync(textOf(lines.filter(({ isValidation }) => isValidation)));
    const folder = makeTree({ "train.log": kept, "train.log.gz": gzipSync(kept), "valid.log.gz": valid });
    for (const name of ["train.log", "train.log.gz"]) {
      const filled = await completeLog(
        new FileSource(join(folder, name)),
        new FileSource(join(folder, "valid.log.gz")),
      );
      expect(filled.name).toBe(join(folder, name));
      expect(filled.path).toBeUndefined();
      const { text, error } = await read(filled);
      expect(error).toBeUndefined();
      expect(text.length).toBe(filled.size);
      expect(await recordsOf(text)).toEqual(await recordsOf(textOf(lines)));
      // Twice the same: a source may be read as often as one likes.
      expect((await read(filled)).text === text).toBe(true);
    }
  });

  it("does not make a number whole that the log's end has cut", async () => {
    const whole = textOf([training(1, 100), training(2, 200)]);
    const cut = whole.slice(0, whole.indexOf("Sen.", 120) + 40);
    const valid = textOf([validation(9, 200, "chrf", 1)]);
    for (const size of [7, 1 << 20]) {
      const { text } = await read(await completeLog(sourceOf(cut, size), sourceOf(valid)));
      expect(text.endsWith(cut.slice(cut.lastIndexOf("\n") + 1))).toBe(true);
      const types: string[] = [];
      for await (const { type } of parseLog(Buffer.from(text))) types.push(type);
      expect(types).toEqual(["training", "validation", "unmatched"]);
    }
  });

  it("takes an unterminated last line of the log of validations, and bears one without an end in the log", async () => {
    const valid = textOf([validation(2, 100, "chrf", 1)]).trimEnd();
    const log = textOf([training(1, 100)]);
    expect(
      await recordsOf((await read(await completeLog(sourceOf(log), sourceOf(valid)))).text),
    ).toHaveLength(2);
    const endless = log + "z".repeat(3_000_000);
    const { text } = await read(await completeLog(sourceOf(endless), sourceOf(valid)));
    expect(text).toBe(`${endless}\n${valid}\n`);
  });

  it("finds the record behind a line that is longer than is kept of one", async () => {
    const record = (up: number) => `[valid] Ep. 1 : Up. ${up} : chrf : 5${up}.5 : new best\n`;
    const long = `[valid] ${"x".repeat(1_500_000)}\n`;
    const log = record(1) + long + record(2);
    const filled = await completeLog(sourceOf(log, 400_000), sourceOf(record(1) + record(2), 100));
    expect((await read(filled)).text).toBe(log);
  });

  it("gives all that can be read of damaged logs, then the fault", async () => {
    const log = textOf([start(0), training(1, 100), training(4, 200)]);
    const valid = textOf([validation(2, 100, "chrf", 1), validation(5, 200, "chrf", 2)]);
    const cut = (text: string) => gzipSync(text).subarray(0, -10);

    const ofValid = await read(
      await completeLog(sourceOf(log), sourceOf(cut(valid), 1 << 20, "valid.log.gz")),
    );
    expect((await recordsOf(ofValid.text)).length).toBeGreaterThanOrEqual(3);
    expect(String(ofValid.error)).toMatch(
      /the log of validations beside it, valid\.log\.gz, could not be read: the gzip data ends early/,
    );
    // Although nothing is missing.
    const full = textOf([
      start(0),
      training(1, 100),
      validation(2, 100, "chrf", 1),
      validation(5, 200, "chrf", 2),
    ]);
    const again = await read(await completeLog(sourceOf(full), sourceOf(cut(valid))));
    expect(again.text).toBe(full);
    expect(again.error).toBeDefined();

    const ofLog = await read(await completeLog(sourceOf(cut(log)), sourceOf(valid)));
    expect((await recordsOf(ofLog.text)).filter(({ type }) => type === "validation")).toHaveLength(2);
    expect(String(ofLog.error)).toMatch(/the gzip data ends early/);
  });

  it("bears logs that are not there", async () => {
    const log = textOf([training(1, 100)]);
    const valid = textOf([validation(2, 100, "chrf", 1)]);
    const gone = new FileSource("/nowhere/at/all.log");
    const withoutValid = await read(await completeLog(sourceOf(log), gone));
    expect(withoutValid.text).toBe(log);
    expect(String(withoutValid.error)).toContain(
      "/nowhere/at/all.log, could not be read: there is no such file",
    );
    const withoutLog = await read(await completeLog(gone, sourceOf(valid)));
    expect(withoutLog.text).toBe(valid);
    expect(String(withoutLog.error)).toContain("there is no such file");
  });
});

describe("the search for the lines of one log in another", () => {
  it("finds all of them exactly if they are there, in their order, wherever chunks end", () => {
    const line = fc.constantFrom("[v] a", "[v] b", "x [v] a", "[v] a [v] b", "a", "", "[v]");
    const lists = fc.tuple(fc.array(line, { maxLength: 6 }), fc.array(line, { maxLength: 12 }));
    fc.assert(
      fc.property(lists, fc.array(fc.nat(40)), fc.boolean(), ([wanted, lines], cuts, isCut) => {
        const text = lines.map((one) => `${one}\n`).join("");
        const log = Buffer.from(isCut ? text.slice(0, -1) : text);
        const search = LineSearch.for(Buffer.from(wanted.map((one) => `${one}\n`).join("")), "[v] ");
        expect(search === undefined).toBe(wanted.some((one) => !one.includes("[v] ")));
        let from = 0;
        for (const length of [...cuts, log.length]) {
          search?.take(log.subarray(from, from + length));
          from += length;
        }
        const whole = isCut ? lines.slice(0, -1) : lines;
        let found = 0;
        for (const one of whole) if (one === wanted[found]) found += 1;
        if (search !== undefined) expect(search.isDone).toBe(found === wanted.length);
      }),
      { numRuns: 500 },
    );
  });
});
