/** The tables of groups: written when something has changed since the last time. */
import { readdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import type { Group } from "../../archive/group.js";
import { compareText } from "../../io/file-name.js";
import { BucketFolder, outputPath } from "../../io/objects/bucket-folder.js";
import { isBucketUrl } from "../../io/objects/object-url.js";
import { objectStore } from "../../io/objects/process-store.js";
import { revisionOf } from "../../io/source.js";
import { StoredList } from "../../io/stored-list.js";
import { TABLES } from "../../publishers/tables/columns.js";
import { TABLES_FORM } from "../../publishers/tables/form.js";
import {
  type EvaluationRow,
  type TableReceipt,
  type TableRun,
  type TablesOptions,
  type TablesResult,
  writeTables,
} from "../tables/job.js";
import { DATA_FILE, isDataSet } from "../tables/table-files.js";
import { evaluationFacts, FactsDigest } from "./digest.js";
import type { Ledger } from "./ledger.js";

/** How the tables of groups are made. */
export interface GroupTablesRequest extends TablesOptions {
  readonly only: "training" | "evaluations" | undefined;
  /** Writes the tables even if nothing has changed. */
  readonly again: boolean;
  /** Writes nothing: the receipt says whether anything has changed. */
  readonly dryRun: boolean;
  readonly ledger: Ledger;
}

/** What became of the tables. */
export interface TablesReceipt {
  /** `unchanged`: the files were up to date and were left alone. */
  readonly state: "new" | "changed" | "unchanged";
  /** The logs whose rows are in the tables that were written. */
  readonly logs: readonly TableReceipt[];
  /** How many of them were not read again, as they have not changed; absent if all were. */
  readonly unchanged_logs?: number;
  /** What is wrong with logs that are in the tables as far as they could be read. */
  readonly faults: readonly { readonly source: string; readonly reason: string }[];
  readonly evaluations: number;
  readonly outputs: readonly string[];
  /** Nothing was measured, so existing tables stay. */
  readonly nothing_written?: true;
  /** What could not be written. */
  readonly errors: readonly string[];
}

/** What goes into the tables. */
interface Content {
  readonly runs: readonly TableRun[];
  readonly evaluations: StoredList<EvaluationRow>;
  /** Differs when any of it does; absent if a log has no stamp. */
  readonly digest: string | undefined;
}

/** The key of the tables in the ledger. */
const KEY = "tables";

/**
 * Writes the tables of all groups into the folder, unless the ledger and the files show that they are up to date. What
 * is wrong with their logs is reported either way.
 */
export async function makeTables(
  groups: AsyncIterable<Group> | Iterable<Group>,
  request: GroupTablesRequest,
): Promise<TablesReceipt> {
  const content = await contentOf(groups, request);
  try {
    return await tablesOf(content, request);
  } finally {
    await content.evaluations.close();
  }
}

async function tablesOf(
  { runs, evaluations, digest }: Content,
  request: GroupTablesRequest,
): Promise<TablesReceipt> {
  const { folder, formats, ledger, dryRun } = request;
  const ending = isDataSet(request) ? "/" : "";
  const files = TABLES.flatMap((table) =>
    formats.map((format) => outputPath(folder, `${table}.${format}${ending}`)),
  );
  const about = { evaluations: evaluations.length, errors: [] };
  const known = request.again ? undefined : ledger.get(KEY);
  const { verify = false } = request;
  if (!verify && known !== undefined && known.digest === digest && known.stamp === (await stampOf(files)))
    return { ...about, state: "unchanged", logs: [], faults: readFaults(known.error), outputs: files };
  const state = known === undefined ? "new" : "changed";
  if (dryRun) return { ...about, state, logs: [], faults: [], outputs: files };
  const written = await (isBucketUrl(folder) ? tablesIntoBucket : writeTables)(runs, evaluations, {
    ...request,
    incremental: !request.again,
    onlyMeasured: true,
  });
  const { logs, unchanged, outputs, errors } = written;
  const copied = unchanged === 0 ? {} : { unchanged_logs: unchanged };
  const faults = logs.flatMap(({ log, error }) =>
    error === undefined ? [] : [{ source: log.source, reason: error }],
  );
  if (written.nothingWritten)
    return { ...about, state, logs, ...copied, faults, outputs, nothing_written: true, errors };
  const stamp = await stampOf(files);
  // The end of a log that a training is writing may be missing: the tables are made again the next time.
  const whole = logs.every(({ log }) => log.running !== true);
  if (errors.length === 0 && whole && digest !== undefined && stamp !== undefined) {
    const entry = { key: KEY, digest, stamp, run: "", rows: runs.length };
    await ledger.put(faults.length === 0 ? entry : { ...entry, error: JSON.stringify(faults) });
  }
  return { ...about, state, logs, ...copied, faults, outputs, errors };
}

/**
 * Writes tables into a folder of a bucket, each file whole. All logs are read: the rows of earlier tables would have to be
 * fetched first.
 */
async function tablesIntoBucket(
  runs: readonly TableRun[],
  evaluations: StoredList<EvaluationRow>,
  options: TablesOptions,
): Promise<TablesResult> {
  const place = await BucketFolder.make(options.folder);
  try {
    const result = await writeTables(runs, evaluations, {
      ...options,
      folder: place.folder,
      incremental: false,
    });
    if (result.errors.length > 0 || result.nothingWritten)
      return { ...result, errors: result.errors.map((error) => place.named(error)) };
    const { addresses, errors } = await place.upload();
    if (isDataSet(options) && errors.length === 0) {
      const store = await objectStore();
      const wanted = new Set(addresses);
      for (const table of result.outputs.map((path) => place.named(path)))
        for await (const { url } of store.list(table))
          if (DATA_FILE.test(basename(url)) && !wanted.has(url)) await store.remove(url);
    }
    const outputs = isDataSet(options) ? result.outputs.map((path) => place.named(path)) : addresses;
    return { ...result, outputs, errors: errors.map((error) => `tables: ${error}`) };
  } finally {
    await place.remove();
  }
}

async function contentOf(
  groups: AsyncIterable<Group> | Iterable<Group>,
  request: GroupTablesRequest,
): Promise<Content> {
  const { only, version, formats, parser, compression, partitionBy, maxFileBytes } = request;
  const runs: TableRun[] = [];
  const evaluations = new StoredList<EvaluationRow>();
  const facts = new FactsDigest();
  facts.push([TABLES_FORM, version, formats, only ?? null, parser]);
  facts.push([compression, partitionBy ?? null, maxFileBytes ?? null]);
  let known = true;
  for await (const { project, name: group, runs: found, evaluations: scores, suffix } of groups) {
    const ids = new Map<string, string>();
    for (const { id, name, log, validationLog, unfinished } of found) {
      ids.set(name, id);
      if (only !== undefined && (log !== undefined) !== (only === "training")) continue;
      runs.push({ project, group, run: id, log, validationLog, unfinished });
      const stamps = [log, validationLog].map((source) => [source?.stamp ?? null, source?.revision ?? null]);
      facts.push([project, group, id, log?.name ?? null, stamps]);
      // Of a finished training the facts are those that earlier ledgers hold.
      if (unfinished !== undefined) facts.push([unfinished]);
      known &&= log === undefined || (log.stamp !== undefined && unfinished !== "running");
    }
    if (only === "training") continue;
    for (const evaluation of scores) {
      // A run whose log was not chosen has no id here.
      const run = ids.get(evaluation.run) ?? `${evaluation.run}${suffix}`;
      await evaluations.add({ project, group, run, evaluation });
      facts.push([project, group, run, ...evaluationFacts(evaluation)]);
    }
  }
  return { runs, evaluations, digest: known ? facts.end() : undefined };
}

function readFaults(text: string | undefined): TablesReceipt["faults"] {
  return text === undefined ? [] : (JSON.parse(text) as TablesReceipt["faults"]);
}

/** Sizes and times of files; undefined if one is missing. */
async function stampOf(paths: readonly string[]): Promise<string | undefined> {
  const stamps: string[] = [];
  for (const path of paths) {
    const stamp = await (isBucketUrl(path) ? objectStamp(path) : fileStamp(path)).catch(() => undefined);
    if (stamp === undefined) return undefined;
    stamps.push(stamp);
  }
  return stamps.join(", ");
}

/** The stamp of a file; of a folder, those of all files in it. */
async function fileStamp(path: string): Promise<string> {
  const info = await stat(path);
  if (!info.isDirectory()) return `${info.size} ${info.mtimeMs} ${revisionOf(info)}`;
  const names = (await readdir(path)).sort(compareText);
  if (names.length === 0) throw new Error("an empty folder is no table");
  const stamps: string[] = [];
  for (const name of names) stamps.push(`${name} ${await fileStamp(join(path, name))}`);
  return stamps.join(", ");
}

async function objectStamp(url: string): Promise<string> {
  if (url.endsWith("/")) {
    const stamps: string[] = [];
    for await (const { url: file, size, etag } of (await objectStore()).list(url))
      stamps.push(`${file} ${size} ${etag}`);
    if (stamps.length === 0) throw new Error("an empty folder is no table");
    return stamps.join(", ");
  }
  const { size, etag } = await (await objectStore()).find(url);
  return `${size} ${etag}`;
}
