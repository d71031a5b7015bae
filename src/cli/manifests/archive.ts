/** What `archive --manifest` and `archive --shard` do. */

import { EXIT } from "../../exit-code.js";
import { say } from "../../io/terminal.js";
import { ManifestAccess } from "../../pipeline/manifests/access.js";
import { runsOfShard } from "../../pipeline/manifests/shard.js";
import type { TableFormat, TableName } from "../../publishers/tables/columns.js";
import type { Compression } from "../../publishers/tables/compression.js";
import { readCompression } from "../flags/compression.js";
import { readParserOptions } from "../flags/parser-options.js";
import { readMaxErrors, readShard } from "../flags/shard.js";
import { watchStopSignals } from "../stop-signal.js";
import { dryRunManifest } from "./dry-run.js";
import { type PlanFilterFlags, planOrRefuse } from "./plan.js";
import { type ManifestRequest, runManifest } from "./run.js";

/** The values of the flags that matter to a worker. */
export interface ManifestFlagValues extends PlanFilterFlags {
  readonly manifest: string | undefined;
  readonly shard: string | undefined;
  readonly "max-errors": string | undefined;
  readonly force: boolean;
  readonly table: TableName | undefined;
  readonly format: (TableFormat | "tsv")[] | undefined;
  readonly compression: Compression | undefined;
  readonly "output-dir": string | undefined;
  readonly only: "training" | "evaluations" | undefined;
  readonly "time-zone": string | undefined;
  readonly "dry-run": boolean;
  readonly json: boolean;
  readonly quiet: boolean;
}

/** Reads the runs of a manifest, or of an archive's part, and returns the exit code. */
export async function archiveManifest(
  source: string | undefined,
  flags: ManifestFlagValues,
  version: string,
  refuse: (message: string) => never,
): Promise<number> {
  const { manifest, table, "output-dir": folder } = flags;
  if ((manifest === undefined) === (source === undefined)) refuse("name either an archive or a --manifest");
  if (flags.json) refuse("--json does not go with --manifest: a shard has metrics.json beside its tables");
  if (manifest !== undefined && (flags.mode ?? flags.filter ?? flags.since ?? flags.only) !== undefined)
    refuse("--mode, --filter, --since and --only choose the runs of an archive: use them with `plan`");
  const formats = flags.format ?? (folder === undefined ? ["ndjson"] : ["csv", "parquet"]);
  if (folder === undefined && (formats.length > 1 || !["ndjson", "tsv"].includes(formats[0] ?? "")))
    refuse("standard output takes --format ndjson or tsv; for csv and parquet name a folder with -o");
  if (folder !== undefined && table !== undefined && formats.some((format) => format !== "tsv"))
    refuse("--table is for --format tsv, or for standard output: other tables are files of their own");
  const compression = readCompression(flags.compression, formats, refuse);
  const shard = readShard(flags.shard, process.env, refuse);
  const maxErrors = readMaxErrors(flags["max-errors"], refuse);
  const parser = readParserOptions([], flags["time-zone"], refuse);
  const stop = watchStopSignals();
  const access = new ManifestAccess(version, stop.signal);
  const request = {
    ...{ shard, formats, compression, table, folder, parser, access, maxErrors, stop, version },
    isForced: flags.force,
    quiet: flags.quiet,
  };
  const work = flags["dry-run"] ? dryRunManifest : runManifest;
  const run = (runs: ManifestRequest["runs"]) => work({ ...request, form: "rows", runs });
  try {
    if (manifest !== undefined) return await run(access.runs(manifest, shard));
    const planned = await planOrRefuse(source ?? "", flags, { access, stop, refuse });
    if (typeof planned === "number") return planned;
    for (const { source: place, reason, severity } of planned.problems)
      if (severity === "failure" || !flags.quiet) say(`${place}: ${reason}`);
    const code = await run(shard === undefined ? planned.runs : runsOfShard(planned.runs, shard));
    const failed = planned.problems.some(({ severity }) => severity === "failure");
    return code === EXIT.ok && failed ? EXIT.input : code;
  } finally {
    await access.close();
  }
}
