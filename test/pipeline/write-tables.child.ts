/** Writes tables in a process of its own, as its one argument says, and tells what came of it. */

import { FileSource } from "../../src/io/source.js";
import { writeTables } from "../../src/pipeline/tables/job.js";

/** What the process is to do. */
export interface Work {
  readonly folder: string;
  readonly threads: number;
  readonly itemBytes: number;
  readonly runs: readonly {
    readonly project: string;
    readonly group: string;
    readonly run: string;
    readonly log: string;
  }[];
}

const { folder, threads, itemBytes, runs } = JSON.parse(process.argv[2] ?? "") as Work;
const result = await writeTables(
  runs.map(({ log, ...name }) => ({ ...name, log: new FileSource(log) })),
  [],
  {
    folder,
    threads,
    itemBytes,
    formats: ["csv", "parquet", "ndjson"],
    compression: "snappy",
    parser: {},
    version: "1.2.3",
    signal: new AbortController().signal,
    progress: (bytes) => process.stdout.write(`${bytes}\n`),
  },
);
process.stdout.write(`${JSON.stringify({ errors: result.errors, logs: result.logs.length })}\n`);
