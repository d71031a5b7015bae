/** Whether a shard is done already, so that an engine that tries it again need not read its logs. */
import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { TABLES } from "../../publishers/tables/columns.js";
import { digestOfOptions } from "../tables/items.js";
import { MANIFEST, type ManifestRun, manifestLine } from "./manifest.js";
import { hasTooManyErrors } from "./max-errors.js";
import { METRICS, readShardRecord, type ShardRecord } from "./shard-record.js";
import type { ManifestWork } from "./work.js";

/** What the files of a shard depend on, besides its runs. */
type ShardOptions = Omit<ManifestWork, "watch">;

/** The place of a shard's files. */
export interface ShardPlace {
  /** Undefined if there is none. */
  record(): Promise<ShardRecord | undefined>;
  /** The bytes of a file; undefined if it is missing. */
  size(name: string): Promise<number | undefined>;
}

/** The place of a shard's files in a folder of this machine. */
export function localPlace(folder: string): ShardPlace {
  return {
    record: () => readShardRecord(join(folder, METRICS)),
    size: (name) => fileSize(folder, name),
  };
}

/** The bytes of a file; undefined if it is missing. */
export async function fileSize(folder: string, name: string): Promise<number | undefined> {
  return await stat(join(folder, name)).then(
    (info) => (info.isFile() ? info.size : undefined),
    () => undefined,
  );
}

/** The record of a shard that was done of the same inputs with the same options, and whose files are all there. */
export async function finishedShard(
  { access, maxErrors, openers, isForced }: ShardOptions,
  runs: readonly ManifestRun[],
  inputs: string | undefined,
  place: ShardPlace,
): Promise<ShardRecord | undefined> {
  // What other publishers have taken is not in the record.
  if (isForced || inputs === undefined || (openers?.length ?? 0) > 0) return undefined;
  const record = await place.record();
  if (record?.inputs !== inputs || record.files === undefined) return undefined;
  if (hasTooManyErrors({ runs: record.runs, faulty: record.with_errors }, maxErrors)) return undefined;
  for (const [name, size] of Object.entries(record.files))
    if ((await place.size(name)) !== size) return undefined;
  return (await access.areAsListed(runs.flatMap(inputsOf))) ? record : undefined;
}

/** Differs whenever the files could; undefined if an input is missing, or is an object without an `etag`. */
export function shardInputs(work: ShardOptions, runs: readonly ManifestRun[]): string | undefined {
  const { access, compression, form, formats, parser, table, version } = work;
  const tables = formats.filter((format) => format !== "tsv");
  const rows = digestOfOptions({ formats: tables, compression, parser, version });
  const hash = createHash("sha256").update(JSON.stringify([rows, form, fileNames(work), table ?? null]));
  for (const run of runs) {
    hash.update(`\n${manifestLine(run)}`);
    for (const file of inputsOf(run)) {
      const stamp = access.stampOf(file);
      if (stamp === undefined) return undefined;
      hash.update(`${stamp}\n`);
    }
  }
  return `sha256:${hash.digest("hex")}`;
}

/** The files of a shard besides its record. */
export function fileNames({
  form,
  formats,
  table,
}: Pick<ManifestWork, "form" | "formats" | "table">): string[] {
  if (form === "measurements") return ["measurements.ndjson", MANIFEST];
  const names = formats.flatMap((format) =>
    format === "tsv" ? rowsName(table) : TABLES.map((one) => `${one}.${format}`),
  );
  return [...new Set(names), MANIFEST].sort();
}

/** The file of rows as TSV. */
export function rowsName(table: ManifestWork["table"]): string {
  return `${table ?? "rows"}.tsv`;
}

function inputsOf({ files, evaluations }: ManifestRun) {
  return [...files, ...evaluations];
}
