/** A command line that is broken over lines is joined where quotes say that it goes on, and told of where they don't. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { SegmentMeasurement } from "../../src/core/measurement.js";
import { parseLog } from "../../src/index.js";
import { readSegment } from "../../src/run/segment.js";

const STAMP = "[2024-01-01 10:00:00] ";
const HEAD = [
  "[marian] Marian v1.12.42 2d067af 2024-02-16 11:44:13 -0500",
  "[marian] Running on node as process 7 with command line:",
];
const CONFIG = ["[config] after: 1u", "[config] type: s2s"];
const PREFIXES = [
  "",
  "[task 2023-09-16T12:39:01.105Z] ",
  "[task 2025-08-30T17:55:02.294+00:00] ",
  "2024-11-30T12:00:01.123456789Z ",
  "2024-11-30T12:00:01.123456789Z stdout F ",
  "3: ",
  " 3: ",
  "Nov 30 12:00:01 node-03 train[4711]: ",
  "2024-11-30 12:00:01.123 +00:00 [INF] ",
  "2024-11-30T12:00:01.123000+00:00 train/default/0123abcd ",
  "\u001b[0m",
  "> ",
  "> 3: ",
  "train.log:",
];

/** The starts of a log, in chunks of a size. */
async function startsOf(log: string, size = 1 << 16): Promise<SegmentMeasurement[]> {
  const bytes = new TextEncoder().encode(log);
  const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
    bytes.subarray(at * size, (at + 1) * size),
  );
  const found: SegmentMeasurement[] = [];
  for await (const one of parseLog(chunks)) if (one.type === "segment") found.push(one);
  return found;
}

/** What the only start of a log says of its command line. */
async function startOf(log: string, size?: number) {
  const starts = await startsOf(log, size);
  expect(starts.length).toBe(1);
  const segment = await readSegment(starts[0] as SegmentMeasurement);
  return { command: segment.command_line, options: segment.arguments, warnings: segment.warnings };
}

/** The lines of a start behind a prefix; those of the command line after its first have no header. */
function start(command: string, prefix = "", { end = CONFIG, stamp = "", feed = "\n" } = {}): string {
  const [first, ...more] = command.split("\n");
  const lines = [...HEAD, `[marian] ${first}`].map((line) => STAMP + line);
  const rest = [...more.map((line) => stamp + line), ...end.map((line) => STAMP + line)];
  return [...lines, ...rest].map((line) => prefix + line + feed).join("");
}

/** An argument as Marian 1.8 and above prints it. */
const quoted = (word: string) =>
  word === "" || /[ #`"'\\${}|&^?*!()%><]/.test(word) ? `'${word.replaceAll("'", "'\\''")}'` : word;

const BROKEN = [
  "/opt/marian --x 'two words\nand more' --after 1u",
  "/opt/marian --x 'a b\n\n\nc' --y 'd e\nf g' --after 1u",
  "/opt/marian --x 'it'\\''s\nmine' --after 1u",
  `/opt/marian --x "two words\nand 'more'" --after 1u`,
  "/opt/marian --after 1u --x 'last \n'",
];

describe("a command line that is broken inside quotes", () => {
  it.each(PREFIXES)("is joined behind the prefix %j", async (prefix) => {
    for (const command of BROKEN)
      for (const feed of ["\n", "\r\n"]) {
        const log = start(command, prefix, { feed });
        const wanted = { command, warnings: [], options: expect.objectContaining({ after: "1u" }) };
        for (const size of [undefined, 5]) expect(await startOf(log, size), log).toEqual(wanted);
      }
  });

  it("is joined where each of its lines has a stamp, or Marian's header", async () => {
    for (const prefix of PREFIXES)
      for (const stamp of [STAMP, `${STAMP}[marian] `]) {
        const command = "/opt/marian --x 'two words\nand more' --after 1u";
        expect(await startOf(start(command, prefix, { stamp }))).toEqual({
          command,
          warnings: [],
          options: { x: "two words\nand more", after: "1u" },
        });
      }
  });

  it("is joined at the end of a log, and in the log that Marian restarted", async () => {
    const command = "/opt/marian --x 'two words\nand more'";
    for (const end of [[], ["[config] x: 1"]]) {
      const once = start(command, "", { end });
      expect((await startsOf(once.trimEnd())).map((one) => one.command_line)).toEqual([command]);
      expect((await startsOf(once + once)).map((one) => one.command_line)).toEqual([command, command]);
    }
  });

  it("keeps every argument that Marian quotes", async () => {
    const word = fc.string({ unit: fc.constantFrom(..."ab '\"\\\n\n-=#") });
    const words = fc.array(
      word.filter((text) => !text.includes("\n") || quoted(text) !== text),
      { maxLength: 4 },
    );
    await fc.assert(
      fc.asyncProperty(words, fc.constantFrom(...PREFIXES.slice(0, 6)), async (all, prefix) => {
        const command = ["/opt/marian", ...all.map(quoted)].join(" ");
        const { command: read, warnings } = await startOf(start(command, prefix));
        expect({ read, warnings }).toEqual({ read: command.trim(), warnings: [] });
      }),
    );
  });
});

describe("a command line of which more may stand in the lines after it", () => {
  it.each([
    ["a line feed outside of quotes", "/opt/marian --x a\nb --y c", "/opt/marian --x a", "'b --y c'"],
    ["a quotation that never closes", "/opt/marian --x 'a b\nc d", "/opt/marian --x 'a b", "'c d'"],
    ["another program's line", "/opt/marian --x a\n+ echo it's", "/opt/marian --x a", "'+ echo it's'"],
  ])("is told of: %s", async (_what, command, first, rest) => {
    for (const prefix of PREFIXES) {
      const found = await startOf(start(command, prefix));
      expect(found.command).toBe(first);
      expect(found.warnings).toHaveLength(1);
      expect(found.warnings[0]).toContain(rest);
    }
  });

  it("is told of where the log ends inside a quotation", async () => {
    const log = start("/opt/marian --x 'a b", "", { end: [] }).trimEnd();
    expect((await startOf(log)).warnings).toEqual([
      "line 1: the log ends inside a quotation of the command line",
    ]);
  });

  it("is told of in a folded log, whose configuration is broken too", async () => {
    const log = start(`/opt/marian --train-sets ${"corpus.gz ".repeat(9)}--after 1u`, "", {
      end: [...CONFIG, `[config] model: ${"x/".repeat(40)}y`],
    });
    for (const width of [60, 70, 72, 76, 77, 80]) {
      const folded = log.replaceAll(new RegExp(`(?<=^(?:.{${width}})+)(?=.)`, "gm"), "\n");
      const { command, warnings } = await startOf(folded);
      expect(command, String(width)).toMatch(/^\/opt\/marian --train-sets corp/);
      expect(warnings.length, String(width)).toBe(1);
    }
  });
});

it("Marian's own lines after a command line with an apostrophe are no part of it", async () => {
  const command = "/home/o'brien/marian --x a";
  for (const next of [CONFIG, ["[memory] Reserving 1 MB", ...CONFIG], ["Training started", ...CONFIG]])
    expect(await startOf(start(command, "", { end: next }))).toMatchObject({ command, warnings: [] });
});
