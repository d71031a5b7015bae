/** Divides the logs of many runs into work items, and names what comes of each. */
import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import type { ParserOptions } from "../../core/log-parser.js";
import type { Source } from "../../io/source.js";
import { TABLE_FORMATS, type TableFormat } from "../../publishers/tables/columns.js";
import type { Compression } from "../../publishers/tables/compression.js";
import { TABLES_FORM } from "../../publishers/tables/form.js";
import type { PartRun } from "./part.js";

/** Consecutive runs whose logs one thread reads at a time. */
export interface WorkItem {
  readonly runs: readonly PartRun[];
  /** Of the logs as stored, as far as they are known. */
  readonly bytes: number;
  /** Differs whenever the rows could. */
  readonly digest: string;
}

/** Everything besides the logs that rows depend on. */
export interface RowOptions {
  readonly formats: readonly TableFormat[];
  /** Of Parquet. */
  readonly compression: Compression;
  readonly parser: ParserOptions;
  /** Of the program. */
  readonly version: string;
  /** So many bytes of logs, as stored, are read at a time; absent: 16 MB, which are about 50,000 rows. */
  readonly itemBytes?: number;
}

const ITEM = 16e6;
/** Runs of an item: what is known of each is in memory until its end. */
const RUNS = 1000;

/** The items, in the order of the runs. They depend on the runs alone, not on how many threads there are. */
export async function divide(runs: readonly PartRun[], options: RowOptions): Promise<WorkItem[]> {
  const { itemBytes = ITEM } = options;
  const items: WorkItem[] = [];
  let some: PartRun[] = [];
  let stamps: unknown[] = [];
  let bytes = 0;
  for (const [index, run] of runs.entries()) {
    const { project, group, run: name, log, validationLog } = run;
    const files = [
      await fileStamp(log),
      ...(validationLog === undefined ? [] : [await fileStamp(validationLog)]),
    ];
    some.push(run);
    stamps.push([project, group, name, files.map(({ stamp }) => stamp)]);
    for (const file of files) bytes += file.bytes;
    if (bytes < itemBytes && some.length < RUNS && index < runs.length - 1) continue;
    items.push({ runs: some, bytes, digest: digest(stamps, options) });
    [some, stamps, bytes] = [[], [], 0];
  }
  return items;
}

function digest(stamps: readonly unknown[], { formats, compression, parser, version }: RowOptions): string {
  const facts = [
    TABLES_FORM,
    version,
    TABLE_FORMATS.filter((format) => formats.includes(format)),
    compression,
    parser,
    stamps,
  ];
  return createHash("sha256").update(JSON.stringify(facts)).digest("hex").slice(0, 32);
}

/** What tells one content of a log from another: its place, size and time. */
async function fileStamp(
  source: Source,
): Promise<{ readonly bytes: number; readonly stamp: readonly unknown[] }> {
  const { name, path } = source;
  if (source.stamp !== undefined) return { bytes: source.size ?? 0, stamp: [name, source.stamp] };
  // It may differ the next time, and nothing would show that.
  if (path === undefined) return { bytes: source.size ?? 0, stamp: [name, process.pid, Date.now()] };
  const info = await stat(path).catch(() => undefined);
  return { bytes: info?.size ?? 0, stamp: [name, info?.size, info?.mtimeMs] };
}
