/** A small archive of logs for the tables, and what its tables must hold. */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { FileSource } from "../../src/io/source.js";
import type { TableRun, TablesOptions } from "../../src/pipeline/tables/job.js";
import { chatter, start, train, valid } from "../cli/sample-logs.js";

/** Tables in all formats, made in this thread. */
export function tableOptions(place: string, more: Partial<TablesOptions> = {}): TablesOptions {
  return {
    folder: place,
    formats: ["csv", "parquet", "ndjson"],
    compression: "snappy",
    threads: 1,
    parser: {},
    version: "1.2.3",
    signal: new AbortController().signal,
    progress: () => {},
    ...more,
  };
}

/** A training record with label counts. */
export function labelled(up: number): string {
  return train(up).replace(
    /(Cost \S+)/,
    `$1 * ${(up * 1000).toLocaleString("en-US")} @ 321 after ${(up * 5_000_000_000).toLocaleString("en-US")}`,
  );
}

function rows(from: number, to: number, row: (up: number) => string = train): string {
  let text = "";
  for (let up = from; up <= to; up += 1) text += row(up);
  return text;
}

/** Logs by the names of their runs: whatever a table has to cope with, some of it late. */
export const LOGS: readonly (readonly [run: string, log: string | Uint8Array])[] = [
  [
    "teacher-1",
    start({ metrics: ["chrf", "bleu-detok"] }) +
      rows(1, 40) +
      valid(40, "chrf", 50) +
      valid(40, "bleu-detok", 30.5),
  ],
  ["empty", ""],
  ["chatter", chatter("hello").repeat(50)],
  // Its first row comes from segment 1.
  ["second-start", start() + start() + rows(1, 3) + valid(3, "chrf", 51, "stalled 1 times (last best: 52)")],
  [
    "restarted",
    start() + rows(1, 30) + valid(30, "chrf", 52) + start() + rows(20, 50) + valid(50, "chrf", 53),
  ],
  ["half", gzipSync(start() + rows(1, 4000)).subarray(0, 3000)],
  ["labelled", start() + rows(1, 20, labelled) + valid(20, "bleu", 12) + valid(20, "perplexity", "nan")],
  ["mixed", start() + rows(1, 5) + rows(6, 9, labelled) + start() + rows(8, 12)],
  // Two metrics that ask for the same column, in an order of their own.
  ["underscore", start() + rows(1, 2) + valid(2, "bleu_detok", 9.5) + valid(2, "bleu-detok", 9.75)],
  [
    'odd, "names"',
    start() +
      rows(1, 2).replaceAll("Cost 5.00000000", "Cost -inf") +
      valid(2, "epoch", 1) +
      valid(2, "my/metric", 1e-9),
  ],
  ["no-rate", start() + train(7).replace(/ : Time.*/, "") + train(8).replace(/ : L\.r\..*/, "")],
  [
    "logical",
    start() +
      train(1, { epoch: "0.125" }) +
      train(2, { epoch: "1.000" }) +
      valid(2, "chrf", 3, "new best", { epoch: "1.000" }),
  ],
  ["binary", Uint8Array.from({ length: 5000 }, (_, index) => (index * 7919) % 256)],
  [
    "žluť",
    gzipSync(
      start() + rows(1, 9) + valid(9, "comet", 0.5) + valid(9, "bleu", 3, "stalled 12 times (last best: 4)"),
    ),
  ],
];

/** Writes the logs below a folder and returns their runs, and one that has no log. */
export async function writeLogs(folder: string, logs = LOGS): Promise<TableRun[]> {
  const runs: TableRun[] = [];
  for (const [index, [run, log]] of logs.entries()) {
    const path = join(folder, "logs", String(index), "train.log");
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, log);
    runs.push({ project: "en-hu", group: "exp, 1", run, log: new FileSource(path) });
  }
  runs.splice(2, 0, { project: "en-hu", group: "exp, 1", run: "quantized" });
  return runs;
}
