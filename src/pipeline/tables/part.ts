/** Makes a part: the tables of some runs, in a folder that is there whole or not at all. */
import { existsSync, readFileSync } from "node:fs";
import { readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { completeLog } from "../../archive/validation-log/join.js";
import type { ParserOptions } from "../../core/log-parser.js";
import { makeFolder } from "../../io/file-system.js";
import type { Source } from "../../io/source.js";
import { type RunName, TABLE_FORMATS, type TableFormat } from "../../publishers/tables/columns.js";
import { type Compression, loadCompressor } from "../../publishers/tables/compression.js";
import { type EarlierPart, EarlierRows, type PartPlaces } from "../../publishers/tables/earlier-rows.js";
import {
  PART_TABLES,
  type PartTableName,
  type PartTablesSummary,
  partFile,
} from "../../publishers/tables/part-files.js";
import { PartTables } from "../../publishers/tables/part-tables.js";
import type { PartitionColumn } from "../../publishers/tables/schema.js";
import { type RunExtent, RunExtentReader } from "../../run/run-extent.js";
import { outputErrorText } from "../error-text.js";
import { type InputReceipt, publisherErrors } from "../input-receipt.js";
import { type LogControl, publishLog } from "../publish-log.js";
import { outcomeOf, type RunOutcome } from "./outcome.js";

/** A training whose log goes into the tables. */
export interface PartRun extends RunName {
  readonly log: Source;
  /** Marian's log of validations next to it; fills in what `log` lacks. */
  readonly validationLog?: Source;
  /** What earlier tables have of it; absent if the log is to be read. */
  readonly earlier?: EarlierRun;
}

/** A run of earlier tables whose logs have not changed. It is plain data, for other threads. */
export interface EarlierRun {
  readonly part: EarlierPart;
  /** Which of the part's runs it is. */
  readonly index: number;
  readonly log: PartLog;
}

/** What a part is made of. */
export interface PartTask {
  readonly runs: readonly PartRun[];
  /** Where it goes; named by a digest of everything that it is made of. */
  readonly folder: string;
  readonly formats: readonly TableFormat[];
  /** Of Parquet. */
  readonly compression: Compression;
  readonly partitionBy: PartitionColumn;
  readonly parser: ParserOptions;
}

/** What a log brought. */
export interface PartLog {
  readonly facts: RunExtent;
  readonly receipt: InputReceipt;
  readonly outcome: RunOutcome;
}

/** The files of a part that tell what is in its tables, and what its logs brought, in the order of the runs. */
const [TABLES, LOGS] = ["part.json", "logs.json"] as const;

/**
 * Reads the logs and writes the part. A log that can't be read costs itself alone.
 *
 * @returns Why the part could not be written, for the user; undefined if it is there.
 */
export async function makePart(task: PartTask, control: LogControl): Promise<string | undefined> {
  const building = `${task.folder}.${process.pid}.partial`;
  try {
    await rm(building, { recursive: true, force: true });
    await makeFolder(building);
    await writePart(building, task, control).catch(async (error: unknown) => {
      if (task.runs.every((run) => run.earlier === undefined) || control.signal?.aborted) throw error;
      // Earlier tables that can't be read are no worse than none.
      await rm(building, { recursive: true, force: true });
      await makeFolder(building);
      const runs = task.runs.map(({ earlier: _earlier, ...run }) => run);
      await writePart(building, { ...task, runs }, control);
    });
    if (control.signal?.aborted) throw new Error("stopped before its end");
    // What is there is incomplete: it was cut short.
    await rm(task.folder, { recursive: true, force: true });
    await rename(building, task.folder);
    return undefined;
  } catch (error) {
    await rm(building, { recursive: true, force: true }).catch(() => {});
    return outputErrorText(error);
  }
}

async function writePart(folder: string, task: PartTask, control: LogControl): Promise<void> {
  const { formats, compression, partitionBy } = task;
  const compressor = await loadCompressor(compression);
  const tables = new PartTables(folder, { formats, compressor, partitionBy });
  const earlier = new Map<EarlierPart, EarlierRows>();
  const logs: PartLog[] = [];
  let summary: PartTablesSummary;
  try {
    for (const run of task.runs) {
      if (control.signal?.aborted) return;
      if (run.earlier === undefined) {
        logs.push(await readLog(run, tables, task.parser, control));
        continue;
      }
      const { part, index, log } = run.earlier;
      const rows = earlier.get(part) ?? new EarlierRows(part, task);
      earlier.set(part, rows);
      await tables.copyRun(run, rows, index);
      logs.push(log);
      control.progress?.(run.log.size ?? 0);
    }
  } finally {
    for (const rows of earlier.values()) rows.close();
    summary = tables.close();
  }
  await writeFile(join(folder, LOGS), JSON.stringify(logs));
  await writeFile(join(folder, TABLES), JSON.stringify(summary));
}

async function readLog(
  { log, validationLog, earlier: _earlier, ...name }: PartRun,
  tables: PartTables,
  options: ParserOptions,
  control: LogControl,
): Promise<PartLog> {
  const write = tables.startRun(name);
  const facts = new RunExtentReader();
  const source = await completeLog(log, validationLog);
  // A part is the same whenever it is made; what a summary says changes with the time of day.
  const { summary, ...receipt } = await publishLog(
    source,
    options,
    [
      {
        name: "tables",
        publish: async (update) => {
          facts.see(update);
          write(update);
        },
        close: async () => ({ outputs: [] }),
        discard: async () => {},
      },
    ],
    control,
  );
  const [error] = publisherErrors(receipt);
  if (error !== undefined) throw new Error(error);
  return { facts: facts.facts, receipt, outcome: outcomeOf(receipt, summary) };
}

/** Reads what is in the tables of a part; undefined if the part is missing or not as it was written. */
export async function readPart(folder: string): Promise<PartTablesSummary | undefined> {
  try {
    const tables = JSON.parse(await readFile(join(folder, TABLES), "utf8")) as PartTablesSummary;
    if (!existsSync(join(folder, LOGS))) return undefined;
    for (const table of PART_TABLES) {
      for (const format of TABLE_FORMATS) {
        const bytes = tables[table].bytes[format];
        if (bytes > 0 && (await stat(partFile(folder, table, format))).size !== bytes) return undefined;
      }
    }
    return tables;
  } catch {
    return undefined;
  }
}

/** The JSON of a part's tables and of its logs. */
export function partText(folder: string): { readonly tables: string; readonly logs: string } {
  const [tables, logs] = [TABLES, LOGS].map((name) => readFileSync(join(folder, name), "utf8"));
  return { tables: tables ?? "", logs: logs ?? "" };
}

/** Where the bytes of a part's tables are. */
export function partPlaces(folder: string): PartPlaces {
  const placesOf = (table: PartTableName) =>
    Object.fromEntries(
      TABLE_FORMATS.map((format) => [format, { path: partFile(folder, table, format), offset: 0 }]),
    );
  return { training: placesOf("training"), validation: placesOf("validation") };
}

/** What the logs of a part brought, in the order of its runs. */
export function readPartLogs(folder: string): PartLog[] {
  return JSON.parse(readFileSync(join(folder, LOGS), "utf8")) as PartLog[];
}
