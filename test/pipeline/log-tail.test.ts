import fc from "fast-check";
import { expect, it } from "vitest";
import { RunChecker } from "../../src/check/run-checker.js";
import { TrainingSummaryReader } from "../../src/check/training-summary.js";
import { LogParser } from "../../src/core/log-parser.js";
import { nodeCore } from "../../src/node-core.js";
import { LogTail } from "../../src/pipeline/log-tail.js";
import { RunReader } from "../../src/run/run-reader.js";

const row = (up: number) =>
  `[2024-01-01 10:00:00] Ep. 1 : Up. ${up} : Sen. 50,000 : Cost 6.12345678 : Time 12.30s : 1234.50 words/s\n`;

/** What the tail of a log says, read in chunks of a size. */
async function deathOf(log: string, size: number) {
  const bytes = new TextEncoder().encode(log);
  const tail = new LogTail();
  for (let at = 0; at < bytes.length; at += size) tail.take(bytes.subarray(at, at + size));
  const lines = log.split("\n").length - (log.endsWith("\n") ? 1 : 0);
  return (await tail.end(lines, new TrainingSummaryReader().part)).death;
}

it.each([100, 4096, 65_536, 100_000, 1_000_000])(
  "The end of a log tells what the training died of, in chunks of %i bytes",
  async (size) => {
    const rows = Array.from({ length: 3000 }, (_, index) => row(index + 1)).join("");
    expect(await deathOf(`${rows}Killed\n`, size)).toEqual({ line: 3001, text: "Killed" });
    expect(await deathOf(`${rows}slurmstepd: error: Exceeded job memory limit`, size)).toEqual({
      line: 3001,
      text: "slurmstepd: error: Exceeded job memory limit",
    });
    expect(await deathOf(`${rows}Killed\n${rows}`, size)).toBeUndefined();
    expect(await deathOf(`${rows}[2024-01-01 10:00:00] Training finished\n`, size)).toBeUndefined();
    expect(await deathOf("Error: Could not convert: --mini-batch = abc\n", size)).toEqual({
      line: 1,
      text: "Error: Could not convert: --mini-batch = abc",
    });
    expect(await deathOf("", size)).toBeUndefined();
  },
);

const STAMP = "[2024-01-01 10:00:00] ";
const KEPT = 1 << 16;

/** A start of Marian with limits. */
const start = (limits: string) =>
  [
    "[marian] Marian v1.12.14 2d067af 2024-02-16 11:44:13 -0500",
    "[marian] [marian] /opt/marian",
    "[config] type: s2s",
    ...limits.split("|").map((limit) => `[config] ${limit}`),
    "[data] Loading",
  ]
    .map((line) => `${STAMP}${line}\n`)
    .join("");

const valid = (up: number, stalled: number) =>
  `${STAMP}[valid] Ep. 1 : Up. ${up} : chrf : 48.9 : stalled ${stalled} times (last best: 49.7)\n`;

/** What can stand at the end of a log. */
const LINES = [
  `${STAMP}Training finished\n`,
  `${STAMP}Training started\n`,
  `${STAMP}[training] Saving training checkpoint to model.npz\n`,
  `${STAMP}Training interrupted (via signal).\n`,
  `${STAMP}Error: CUDA error 2 'out of memory'\n`,
  `${STAMP}Loading model from model.npz\n`,
  "[2024-01-01 10:00:00] [Trainer] [INFO] Finished the last stage\n",
  "Training finished\n",
  "Killed\n",
  "Traceback (most recent call last):\n",
  '  File "train.py", line 7, in <module>\n',
  "BrokenPipeError: [Errno 32] Broken pipe\n",
  row(4000).slice(STAMP.length),
  row(4001),
  `${row(4001).slice(0, -30)}\n`,
  row(900),
  `[task 2024-01-01T10:00:00.000Z] ${row(4002)}`,
  valid(4000, 3),
  valid(4000, 10),
  start("after-batches: 4000|early-stopping: 10"),
  start("after-batches: 9000|early-stopping: 10"),
];

it("A finished training is told by its last lines as by all that are kept", async () => {
  const lines = fc.array(fc.constantFrom(...LINES), { maxLength: 8 });
  const limits = fc.constantFrom("after-batches: 4000", "after-batches: 9000|early-stopping: 10", "seed: 1");
  await fc.assert(
    fc.asyncProperty(limits, lines, lines, async (limit, early, late) => {
      const rows = Array.from({ length: 800 }, (_, index) => row((index + 1) * 5)).join("");
      const text = start(limit) + rows + early.join("") + row(4000) + late.join("");
      const bytes = new TextEncoder().encode(text);
      using parser = new LogParser(nodeCore());
      const summary = new TrainingSummaryReader();
      const reader = new RunReader(parser);
      summary.take(await reader.read(bytes));
      summary.take(await reader.finish());
      const tail = new LogTail();
      tail.take(bytes);
      const { lines } = reader.tally.counts;
      expect(await tail.end(lines, summary.part)).toEqual(await endByAll(bytes, lines, summary));
    }),
    { numRuns: 100 },
  );
});

/** How a training ended, by all lines that are kept. */
async function endByAll(bytes: Uint8Array, lines: number, { part }: TrainingSummaryReader) {
  const kept = bytes.subarray(-KEPT);
  using parser = new LogParser(nodeCore(), { marks: true });
  const reader = new RunReader(parser);
  const check = new RunChecker(parser.time, { kinds: ["unfinished"] });
  check.resume(part);
  check.take(await reader.read(kept.subarray(kept.indexOf(10) + 1)));
  check.take(await reader.finish());
  check.finish();
  const { death, state } = check;
  const before = lines - reader.tally.counts.lines;
  return { death: death && { line: death.line + before, text: death.text }, state };
}
