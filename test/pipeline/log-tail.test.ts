import { expect, it } from "vitest";
import { TrainingSummaryReader } from "../../src/check/training-summary.js";
import { LogTail } from "../../src/pipeline/log-tail.js";

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
