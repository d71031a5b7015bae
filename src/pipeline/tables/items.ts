/** Divides the logs of many runs into work items, and names what comes of each. */
import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import type { ParserOptions } from "../../core/log-parser.js";
import { revisionOf, type Source } from "../../io/source.js";
import { TABLE_FORMATS, type TableFormat } from "../../publishers/tables/columns.js";
import type { Compression } from "../../publishers/tables/compression.js";
import { TABLES_FORM } from "../../publishers/tables/form.js";
import { type PartitionColumn, SCHEMA_VERSION } from "../../publishers/tables/schema.js";
import type { PartRun } from "./part.js";

/** Consecutive runs whose logs one thread reads at a time. */
export interface WorkItem {
  readonly runs: readonly PartRun[];
  /** For each run, what differs whenever its rows could; the options are not in it. */
  readonly runDigests: readonly string[];
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
  /** The column by which files are divided, which is then in the names of their folders. Default: they are not. */
  readonly partitionBy?: PartitionColumn;
  /** About so many bytes of logs, as stored, are read at a time; absent: 16 MB, which are about 50,000 rows. */
  readonly itemBytes?: number;
}

const ITEM = 16e6;
/** Runs of an item: what is known of each is in memory until its end. */
const RUNS = 1000;

/**
 * The items, in the order of the runs. They depend on the runs alone, not on how many threads there are. Where an item
 * ends depends on the names and sizes of the runs near its end: a run that is new, gone or longer changes the items
 * around it, and the others stay as they are.
 */
export async function divide(runs: readonly PartRun[], options: RowOptions): Promise<WorkItem[]> {
  const { itemBytes = ITEM } = options;
  const items: WorkItem[] = [];
  const facts = digestOfOptions(options);
  let some: PartRun[] = [];
  let digests: string[] = [];
  let bytes = 0;
  const end = () => {
    if (some.length > 0)
      items.push({ runs: some, runDigests: digests, bytes, digest: digestOf([facts, digests]) });
    [some, digests, bytes] = [[], [], 0];
  };
  for (const run of runs) {
    const { project, group, run: name, log, validationLog } = run;
    const files = [
      await fileStamp(log),
      ...(validationLog === undefined ? [] : [await fileStamp(validationLog)]),
    ];
    const size = files.reduce((sum, file) => sum + file.bytes, 0);
    // A long log stands alone, so that nobody has to copy it when a neighbour changes.
    if (some[0]?.project !== project || size >= itemBytes) end();
    some.push(run);
    digests.push(digestOf([project, group, name, files.map(({ stamp }) => stamp)]));
    bytes += size;
    const isEnd = bytes >= itemBytes / 4 && endsItem(run, size, itemBytes);
    if (isEnd || bytes >= 2 * itemBytes || size >= itemBytes || some.length === RUNS) end();
  }
  end();
  return items;
}

/**
 * Whether an item may end with this run. Its name decides, and the longer its log is, the likelier: items have `itemBytes`
 * on average.
 */
function endsItem({ project, group, run }: PartRun, bytes: number, itemBytes: number): boolean {
  const share =
    createHash("sha256")
      .update(JSON.stringify([project, group, run]))
      .digest()
      .readUInt32LE() /
    2 ** 32;
  // The order of magnitude changes less often than the size.
  return share * itemBytes < 2 ** Math.ceil(Math.log2(bytes + 1));
}

/** Differs whenever the rows of the same logs could. */
export function digestOfOptions(options: RowOptions): string {
  const { formats, compression, parser, version, partitionBy } = options;
  return digestOf([
    [TABLES_FORM, SCHEMA_VERSION, version],
    TABLE_FORMATS.filter((format) => formats.includes(format)),
    [compression, partitionBy ?? null],
    parser,
  ]);
}

function digestOf(facts: unknown): string {
  return createHash("sha256").update(JSON.stringify(facts)).digest("base64url").slice(0, 27);
}

/** What tells one content of a log from another without reading it. */
async function fileStamp(
  source: Source,
): Promise<{ readonly bytes: number; readonly stamp: readonly unknown[] }> {
  const { name, path, size = 0, stamp, revision } = source;
  if (stamp !== undefined) return { bytes: size, stamp: [name, stamp, revision ?? null] };
  // It may differ the next time, and nothing would show that.
  if (path === undefined) return { bytes: size, stamp: [name, process.pid, Date.now()] };
  const info = await stat(path).catch(() => undefined);
  if (info === undefined) return { bytes: 0, stamp: [name] };
  return { bytes: info.size, stamp: [name, info.size, info.mtimeMs, revisionOf(info)] };
}
