/** The tidy tables of a whole archive or group: training, validation, evaluations, runs. */
import { createHash } from "node:crypto";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { GroupRun } from "../../archive/group.js";
import { makeFolder } from "../../io/file-system.js";
import { moveFile, type OutputFile, openOutputFile } from "../../io/output-file.js";
import type { Source } from "../../io/source.js";
import { type Cell, type RunName, TABLES, type TableName } from "../../publishers/tables/columns.js";
import { loadCompressor } from "../../publishers/tables/compression.js";
import { joinTable } from "../../publishers/tables/join-tables.js";
import { type FileFacts, programName } from "../../publishers/tables/parquet.js";
import { PART_TABLES } from "../../publishers/tables/part-files.js";
import { SCHEMA, tableMetadata } from "../../publishers/tables/schema.js";
import { writeTable } from "../../publishers/tables/small-table.js";
import { outputErrorText } from "../error-text.js";
import { hasMeasurement, type InputReceipt, problem } from "../input-receipt.js";
import { limitHeapGrowth } from "../young-objects.js";
import { divide, type RowOptions } from "./items.js";
import { type PartLog, type PartRun, readPartLogs } from "./part.js";
import { makeParts, type ReadyPart, readParts } from "./parts.js";
import { type EvaluationRow, evaluationRow, runRows } from "./rows.js";

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
export interface TablesOptions extends RowOptions {
  readonly folder: string;
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
  /** Files written; none after an error. */
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
  const place = join(options.folder, PARTS);
  const trainings = runs.flatMap(
    ({ log, validationLog, unfinished: _unfinished, errors: _errors, ...name }): PartRun[] =>
      log === undefined ? [] : [{ ...name, log, ...(validationLog === undefined ? {} : { validationLog }) }],
  );
  let receipts: TableReceipt[] = [];
  try {
    await makeFolder(place);
    const items = await divide(trainings, options);
    const fault = await makeParts(items, place, options);
    const parts = await readParts(items, place);
    receipts = parts.flatMap(receiptsOf);
    if (fault !== undefined || parts.length < items.length) {
      const kept = parts.length > 0 ? `; what was read before waits in ${place} for the next time` : "";
      const reason = fault ?? "a part of them has vanished: does another program write to the same folder?";
      return { logs: receipts, outputs: [], errors: [`tables: ${reason}${kept}`] };
    }
    const isEmpty = evaluations.length === 0 && !receipts.some(({ log }) => hasMeasurement(log));
    if ((options.onlyMeasured === true && isEmpty) || options.refuses?.(receipts) === true) {
      await rm(place, { recursive: true, force: true });
      return { logs: receipts, outputs: [], nothingWritten: true, errors: [] };
    }
    const building = join(place, `whole.${process.pid}`);
    await makeFolder(building);
    const inputs = options.inputs ?? (await digestOf(runs, evaluations));
    const factsOf = (table: TableName): FileFacts => ({
      program: programName(options.version),
      metadata: tableMetadata(table, options.version, inputs),
    });
    await joinParts(building, parts, options, factsOf);
    const small = {
      evaluations: () => evaluationRows(evaluations),
      runs: () => runRows(runs, logsOf(parts)),
    };
    await writeSmallTables(building, small, options, factsOf);
    const outputs = await putInPlace(building, options);
    await rm(place, { recursive: true, force: true });
    return { logs: receipts, outputs, errors: [] };
  } catch (error) {
    return { logs: receipts, outputs: [], errors: [`tables: ${outputErrorText(error)}`] };
  }
}

/** What the logs of the parts brought, a part at a time. */
function* logsOf(parts: readonly ReadyPart[]): Generator<PartLog> {
  for (const { folder } of parts) yield* readPartLogs(folder);
}

async function* evaluationRows(evaluations: Evaluations): AsyncGenerator<Cell[]> {
  for await (const evaluation of evaluations) yield evaluationRow(evaluation);
}

function receiptsOf({ item: { runs }, folder }: ReadyPart): TableReceipt[] {
  return readPartLogs(folder).map(({ receipt }, index) => {
    const { project = "", group = "", run = "", log, validationLog } = runs[index] ?? {};
    const error = problem(receipt, false);
    // Another thread does not know what the file was when it was found.
    const isRunning = receipt.running === true || log?.changed === true || validationLog?.changed === true;
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
    return { project, group, run, log: kept, ...(error === undefined ? {} : { error }) };
  });
}

async function joinParts(
  building: string,
  parts: readonly ReadyPart[],
  options: TablesOptions,
  factsOf: (table: TableName) => FileFacts,
): Promise<void> {
  const files = PART_TABLES.flatMap((name) => {
    const tables = parts.map((part) => ({ folder: part.folder, table: part.tables[name] }));
    return options.formats.map((format) =>
      joinTable(join(building, `${name}.${format}`), name, format, tables, factsOf(name)),
    );
  });
  // The system copies for all of them at once. An error is thrown after all have ended.
  await Promise.allSettled(files);
  await Promise.all(files);
}

async function writeSmallTables(
  building: string,
  tables: Readonly<Partial<Record<TableName, () => Iterable<Cell[]> | AsyncIterable<Cell[]>>>>,
  { formats, compression }: TablesOptions,
  factsOf: (table: TableName) => FileFacts,
): Promise<void> {
  const compressor = await loadCompressor(compression);
  for (const table of TABLES) {
    const rows = tables[table];
    if (rows === undefined) continue;
    const { columns, order } = SCHEMA[table];
    for (const format of formats) {
      const path = join(building, `${table}.${format}`);
      await writeTable(path, format, columns, rows(), { ...factsOf(table), compressor, order });
    }
  }
}

/** Moves the whole tables to where they are looked for. */
async function putInPlace(building: string, { folder, formats }: TablesOptions): Promise<string[]> {
  const files = TABLES.flatMap((table) => formats.map((format) => `${table}.${format}`));
  const ready: OutputFile[] = [];
  for (const file of files) {
    const place = await openOutputFile(join(folder, file));
    await moveFile(join(building, file), place.part);
    ready.push(place);
  }
  // One right after the other: a kill between them would leave tables of two archives.
  await Promise.all(ready.map((place) => place.commitNow()));
  return files.map((file) => join(folder, file));
}

/** Tells inputs apart: names, sizes and times of logs, and evaluations. */
async function digestOf(runs: readonly TableRun[], evaluations: Evaluations): Promise<string> {
  const hash = createHash("sha256");
  const add = (fact: unknown) => hash.update(`${JSON.stringify(fact)}\n`);
  for (const { project, group, run, log, validationLog } of runs)
    add([project, group, run, log?.name, log?.stamp, validationLog?.name, validationLog?.stamp]);
  for await (const row of evaluationRows(evaluations))
    add(row.map((cell) => (typeof cell === "object" ? [...cell] : cell)));
  return `sha256:${hash.digest("hex")}`;
}
