/** The tidy tables of a whole archive or group: training, validation, evaluations, runs. */
import { createHash, type Hash } from "node:crypto";
import { rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { GroupRun } from "../../archive/group.js";
import { makeFolder } from "../../io/file-system.js";
import type { Source } from "../../io/source.js";
import { type Cell, type RunName, TABLES, type TableName } from "../../publishers/tables/columns.js";
import { loadCompressor } from "../../publishers/tables/compression.js";
import { joinTable } from "../../publishers/tables/join-tables.js";
import { type FileFacts, programName } from "../../publishers/tables/parquet.js";
import { PART_TABLES } from "../../publishers/tables/part-files.js";
import { fileSchema, type PartitionColumn, tableMetadata } from "../../publishers/tables/schema.js";
import { writeTable } from "../../publishers/tables/small-table.js";
import { outputErrorText } from "../error-text.js";
import { hasMeasurement, type InputReceipt, problem } from "../input-receipt.js";
import { limitHeapGrowth, optimiseLess } from "../young-objects.js";
import { divide, type RowOptions } from "./items.js";
import type { PartLog, PartRun } from "./part.js";
import { makeParts, type PlannedItem, type ReadyPart, readParts } from "./parts.js";
import { putInPlace } from "./put-in-place.js";
import { planReuse } from "./reuse.js";
import { type EvaluationRow, evaluationRow, runRows } from "./rows.js";
import { type StatedPart, type StateFile, TablesState, writeState } from "./state.js";
import {
  type FileLayout,
  fileLimit,
  fileName,
  isDataSet,
  type PlannedFile,
  partitionOf,
  planFiles,
} from "./table-files.js";

export type { EvaluationRow };

/** A run of the tables. One without a log is known by its evaluations alone. */
export interface TableRun extends RunName {
  readonly log?: Source | undefined;
  /** Marian's log of validations next to it; fills in what `log` lacks. */
  readonly validationLog?: Source | undefined;
  /** How the training stands if it is known not to be finished. */
  readonly unfinished?: GroupRun["unfinished"];
  /** What is wrong with its files besides its log. */
  readonly errors?: readonly string[];
}

/** How tables are written, watched and stopped. */
export interface TablesOptions extends RowOptions, FileLayout {
  readonly folder: string;
  /** Whether the folder remembers what the tables are made of, and rows of logs that have not changed are copied. */
  readonly incremental?: boolean;
  /** Whether logs are compared by their contents, too, before rows are copied. */
  readonly verify?: boolean;
  /** A digest of what the tables are made of, for Parquet files to name; absent: of the logs and evaluations. */
  readonly inputs?: string;
  /** Whether existing tables stay if no log has a measurement and there is no evaluation. */
  readonly onlyMeasured?: boolean;
  /** Called when all logs are read: whether there are to be no tables. Default: there are. */
  refuses?(logs: readonly TableReceipt[]): boolean;
  /** Threads that read logs; 1 means none besides this one; absent: as many as the work is worth. */
  readonly threads: number | undefined;
  readonly signal: AbortSignal;
  /** Called with the bytes of logs read since the last call, as stored. */
  progress(bytes: number): void;
  /** Called with the number of runs whose logs have been read since the last call. */
  runsDone?(runs: number): void;
}

/** What is kept of a log's receipt: there may be 100,000. */
export type LogReceipt = Pick<
  InputReceipt,
  "source" | "counts" | "points" | "partialPoints" | "segments" | "versions" | "error" | "running" | "death"
>;

/** One log as it went into the tables. */
export interface TableReceipt extends RunName {
  readonly log: LogReceipt;
  /** Why the log is not in the tables, or not to its end. */
  readonly error?: string;
}

/** What came of the tables. */
export interface TablesResult {
  /** In the order of the runs; after an error those that were read. */
  readonly logs: readonly TableReceipt[];
  /** How many of the logs have not been read, as earlier tables have their rows. */
  readonly unchanged: number;
  /** The tables that were written, files or folders; none after an error. */
  readonly outputs: readonly string[];
  /** Nothing was measured, or the tables were refused: existing ones stay. */
  readonly nothingWritten?: true;
  /** Why there are no tables: sentences for the user. */
  readonly errors: readonly string[];
}

/** Where parts are kept until the tables are there; below the folder of the tables, so that it is the same disk. */
export const PARTS = ".parts";

/** Evaluations that need not be in memory. */
type Evaluations = (Iterable<EvaluationRow> | AsyncIterable<EvaluationRow>) & { readonly length: number };

/**
 * Writes the tables of these runs, whose order they keep, into a folder. Nothing is at its place before it is whole. A
 * log that can't be read is an error in its row and its receipt and costs nothing else. What an earlier call has read
 * before it was stopped or killed is not read again. Never throws for a fault of a log or of the disk.
 */
export async function writeTables(
  runs: readonly TableRun[],
  evaluations: Evaluations,
  options: TablesOptions,
): Promise<TablesResult> {
  limitHeapGrowth();
  optimiseLess();
  const { folder, incremental = false } = options;
  const place = join(folder, PARTS);
  const trainings = runs.flatMap(
    ({ log, validationLog, unfinished: _unfinished, errors: _errors, ...name }): PartRun[] =>
      log === undefined ? [] : [{ ...name, log, ...(validationLog === undefined ? {} : { validationLog }) }],
  );
  let receipts: TableReceipt[] = [];
  let unchanged = 0;
  let earlier: TablesState | undefined;
  try {
    await makeFolder(place);
    earlier = incremental ? TablesState.open(folder, options) : undefined;
    const { verify = false, signal } = options;
    const items = await planReuse(await divide(trainings, options), earlier, { verify, signal });
    const fault = await makeParts(items, place, options);
    const parts = await readParts(items, place, earlier);
    const read = parts.map(receiptsOf);
    receipts = read.flat();
    unchanged = parts.reduce((sum, { item }) => sum + unchangedRuns(item), 0);
    if (fault !== undefined || parts.length < items.length) {
      const kept = parts.length > 0 ? `; what was read before waits in ${place} for the next time` : "";
      const reason = fault ?? "a part of them has vanished: does another program write to the same folder?";
      return { logs: receipts, unchanged, outputs: [], errors: [`tables: ${reason}${kept}`] };
    }
    const isEmpty = evaluations.length === 0 && !receipts.some(({ log }) => hasMeasurement(log));
    if ((options.onlyMeasured === true && isEmpty) || options.refuses?.(receipts) === true) {
      await rm(place, { recursive: true, force: true });
      return { logs: receipts, unchanged, outputs: [], nothingWritten: true, errors: [] };
    }
    const building = join(place, `whole.${process.pid}`);
    await makeFolder(building);
    const inputs = await inputsOf(runs, evaluations, options);
    const frame: Frame = {
      options,
      inputs,
      factsOf: (table, partition) => ({
        program: programName(options.version),
        metadata: tableMetadata(table, options.version, inputs.get(partition) ?? "", options.partitionBy),
      }),
    };
    const joined = await joinParts(building, parts, frame, earlier);
    const small = {
      evaluations: () => evaluationRows(evaluations),
      runs: () => runRows(runs, logsOf(parts)),
    };
    const others = await writeSmallTables(building, small, frame);
    const names = [...joined.map(({ name }) => name), ...others];
    const outputs = await putInPlace(building, names, options);
    if (incremental) {
      const states = parts.map((part, index) => stateOf(part, read[index] ?? []));
      await writeState(folder, options, states, joined);
    }
    await rm(place, { recursive: true, force: true });
    return { logs: receipts, unchanged, outputs, errors: [] };
  } catch (error) {
    return { logs: receipts, unchanged, outputs: [], errors: [`tables: ${outputErrorText(error)}`] };
  } finally {
    earlier?.close();
  }
}

/** What all files of the tables have in common. */
interface Frame {
  readonly options: TablesOptions;
  /** The digest of what each partition is made of. */
  readonly inputs: ReadonlyMap<string, string>;
  /** What a Parquet file says of itself. */
  factsOf(table: TableName, partition: string): FileFacts;
}

/** What the logs of the parts brought, a part at a time. */
function* logsOf(parts: readonly ReadyPart[]): Generator<PartLog> {
  for (const part of parts) yield* part.logs();
}

function unchangedRuns({ earlierPart, runs }: PlannedItem): number {
  return earlierPart === undefined ? runs.filter(({ earlier }) => earlier !== undefined).length : runs.length;
}

/** A part as the state keeps it. A log that grew, or that could not be read, is read again whatever its file looks like. */
function stateOf({ item, tables, text }: ReadyPart, receipts: readonly PartReceipt[]): StatedPart {
  const runs = item.runDigests.map((digest, index) => {
    const receipt = receipts[index];
    return receipt === undefined || receipt.log.running === true || receipt.isUnread ? "" : digest;
  });
  const bytes = { training: tables.training.bytes, validation: tables.validation.bytes };
  return { runs, contents: item.contents, bytes, text };
}

async function* evaluationRows(evaluations: Evaluations): AsyncGenerator<Cell[]> {
  for await (const evaluation of evaluations) yield evaluationRow(evaluation);
}

type PartReceipt = TableReceipt & { readonly isUnread: boolean };

function receiptsOf({ item: { runs, earlierPart }, logs }: ReadyPart): PartReceipt[] {
  limitHeapGrowth();
  return logs().map(({ receipt }, index) => {
    const { project = "", group = "", run = "", log, validationLog, earlier } = runs[index] ?? {};
    const error = problem(receipt, false);
    const isCopied = earlierPart !== undefined || earlier !== undefined;
    // Another thread does not know what the file was when it was found.
    const isRunning =
      receipt.running === true || (!isCopied && (log?.changed === true || validationLog?.changed === true));
    const { counts, points, partialPoints, segments, versions, death } = receipt;
    const kept: LogReceipt = {
      // The name in memory, not a copy.
      source: log?.name === receipt.source ? log.name : receipt.source,
      counts,
      points,
      partialPoints,
      segments,
      versions,
      ...(receipt.error === undefined ? {} : { error: receipt.error }),
      ...(isRunning ? { running: true } : {}),
      ...(death === undefined ? {} : { death }),
    };
    const isUnread = receipt.unread === true;
    return { project, group, run, log: kept, ...(error === undefined ? {} : { error }), isUnread };
  });
}

/** Joins the parts to files, but for those that are in place as they were. @returns All of them. */
async function joinParts(
  building: string,
  parts: readonly ReadyPart[],
  { options, inputs, factsOf }: Frame,
  earlier: TablesState | undefined,
): Promise<StateFile[]> {
  const joinFile = async ({
    name,
    table,
    format,
    partition,
    parts: numbers,
  }: PlannedFile): Promise<StateFile> => {
    const some = numbers.flatMap((number) => parts[number] ?? []);
    const before = isDataSet(options) ? earlier?.file(name) : undefined;
    const digest = inputs.get(partition) ?? "";
    const about = { name, table, format, parts: numbers, inputs: digest };
    const isSame =
      before !== undefined &&
      before.inputs === digest &&
      before.parts.length === some.length &&
      some.every(({ item }, index) => item.earlierPart === before.parts[index]);
    if (isSame) return { ...about, start: before.start };
    const path = join(building, name);
    if (isDataSet(options)) await makeFolder(dirname(path));
    const joined = some.map((part) => ({ table: part.tables[table], place: part.places[table][format] }));
    const facts = factsOf(table, partition);
    return { ...about, start: await joinTable(path, table, format, joined, facts, options.partitionBy) };
  };
  const planned = PART_TABLES.flatMap((table) =>
    options.formats.flatMap((format) => planFiles(options, table, format, parts, inputs.keys())),
  );
  const files: Promise<StateFile>[] = [];
  for (let at = 0; at < planned.length; at += AT_ONCE) {
    const some = planned.slice(at, at + AT_ONCE).map(joinFile);
    files.push(...some);
    // The system copies for some at once. An error is thrown after all have ended.
    await Promise.allSettled(some);
  }
  return await Promise.all(files);
}

/** Files that are joined at once. */
const AT_ONCE = 8;

type Rows = Iterable<Cell[]> | AsyncIterable<Cell[]>;

/** @returns The names of the files; the rows of a partition follow each other. */
async function writeSmallTables(
  building: string,
  tables: Readonly<Partial<Record<TableName, () => Rows>>>,
  { options, inputs, factsOf }: Frame,
): Promise<string[]> {
  const { formats, compression, partitionBy } = options;
  const compressor = await loadCompressor(compression);
  const names: string[] = [];
  for (const table of TABLES) {
    const rows = tables[table];
    if (rows === undefined) continue;
    const { columns, order } = fileSchema(table, partitionBy);
    for (const format of formats) {
      const counts = new Map<string, number>();
      const write = async (partition: string, some: Rows) => {
        const index = counts.get(partition) ?? 0;
        counts.set(partition, index + 1);
        const name = fileName(options, table, format, partition, index);
        names.push(name);
        const path = join(building, name);
        await makeFolder(dirname(path));
        const facts = { ...factsOf(table, partition), compressor, order };
        await writeTable(path, format, columns, some, facts, fileLimit(options));
      };
      for await (const { partition, rows: some } of sections(rows(), partitionBy))
        await write(partition, some);
      for (const partition of inputs.keys()) if (!counts.has(partition)) await write(partition, []);
    }
  }
  return names;
}

/** Divides rows where the partition changes, and where their reader has enough. Each section is read before the next. */
async function* sections(
  rows: Rows,
  partitionBy: PartitionColumn,
): AsyncGenerator<{ readonly partition: string; readonly rows: AsyncGenerator<Cell[]> }> {
  async function* all() {
    yield* rows;
  }
  const source = all();
  let next = await source.next();
  const keyOf = (row: Cell[]) => (partitionBy === undefined ? "" : String(row[0]));
  async function* section(partition: string) {
    while (!next.done && keyOf(next.value) === partition) {
      const row = next.value;
      next = await source.next();
      yield partitionBy === undefined ? row : row.slice(1);
    }
  }
  while (!next.done) {
    const partition = keyOf(next.value);
    yield { partition, rows: section(partition) };
  }
}

/** Tells inputs of each partition apart: names, sizes and times of logs, and evaluations. */
async function inputsOf(
  runs: readonly TableRun[],
  evaluations: Evaluations,
  options: TablesOptions,
): Promise<Map<string, string>> {
  const hashes = new Map<string, Hash>();
  const add = (run: { readonly project: string }, fact: unknown) => {
    const partition = partitionOf(options, run);
    const hash = hashes.get(partition) ?? createHash("sha256");
    hashes.set(partition, hash.update(`${JSON.stringify(fact)}\n`));
  };
  for (const one of runs) {
    const { project, group, run, log, validationLog } = one;
    add(one, [project, group, run, log?.name, log?.stamp, validationLog?.name, validationLog?.stamp]);
  }
  for await (const row of evaluationRows(evaluations))
    add(
      { project: String(row[0]) },
      row.map((cell) => (typeof cell === "object" ? [...cell] : cell)),
    );
  if (options.partitionBy === undefined && hashes.size === 0) hashes.set("", createHash("sha256"));
  const digests = [...hashes].map(
    ([partition, hash]) => [partition, options.inputs ?? `sha256:${hash.digest("hex")}`] as const,
  );
  return new Map(digests);
}
