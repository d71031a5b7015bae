/** What `parse --manifest` does. */

import { ManifestAccess } from "../../pipeline/manifests/access.js";
import { readParserOptions } from "../flags/parser-options.js";
import { NOT_WITH_MANIFEST, ownPublishers, type PublisherFlagValues } from "../flags/publisher-flags.js";
import { STDOUT } from "../flags/row-output.js";
import { readMaxErrors, readShard } from "../flags/shard.js";
import { watchStopSignals } from "../stop-signal.js";
import { dryRunManifest } from "./dry-run.js";
import { runManifest } from "./run.js";

/** The values of the flags that matter to a worker, and of those that don't go with a manifest. */
export interface ParseManifestFlags extends PublisherFlagValues {
  readonly format: "csv" | "ndjson" | "parquet" | "tsv" | undefined;
  readonly "output-dir": string | undefined;
  readonly "files-from": string | undefined;
  readonly shard: string | undefined;
  readonly "max-errors": string | undefined;
  readonly force: boolean;
  readonly pattern: string[] | undefined;
  readonly "time-zone": string | undefined;
  readonly combine: boolean;
  readonly tee: boolean;
  readonly follow: boolean;
  readonly jobs: number | undefined;
  readonly strict: boolean;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly plot: string[] | undefined;
  readonly table: string | undefined;
  readonly compression: string | undefined;
  readonly wandb: boolean;
  readonly "wandb-project": string | undefined;
  readonly "dry-run": boolean;
}

/** Prints what the logs of a manifest's runs hold and returns the exit code. */
export async function parseManifest(
  manifest: string,
  given: readonly string[],
  flags: ParseManifestFlags,
  version: string,
  refuse: (message: string) => never,
): Promise<number> {
  const { format = "ndjson" } = flags;
  if (format === "csv" || format === "parquet")
    refuse("parse --manifest prints ndjson or tsv; for tables, use `archive --manifest` with -o");
  if (given.length > 0) refuse("name either inputs or a --manifest");
  const others = [
    "files-from",
    "jobs",
    "plot",
    "table",
    "compression",
    ...NOT_WITH_MANIFEST,
    "wandb-project",
  ] as const;
  const [other] = [
    ...others.filter((name) => flags[name] !== undefined),
    ...(["combine", "follow", "tee", "strict", "json", "wandb"] as const).filter((name) => flags[name]),
  ];
  if (other !== undefined) refuse(`--${other} does not go with --manifest`);
  const shard = readShard(flags.shard, process.env, refuse);
  const maxErrors = readMaxErrors(flags["max-errors"], refuse);
  const parser = readParserOptions(flags.pattern ?? [], flags["time-zone"], refuse);
  if (format === "tsv" && (flags.pattern?.length ?? 0) > 0)
    refuse("--pattern has no column in tsv: use --format ndjson");
  if (format === "tsv" && flags.publisher !== undefined)
    refuse("--publisher takes measurements: use --format ndjson");
  const openers = await ownPublishers(flags, refuse);
  const stop = watchStopSignals();
  const access = new ManifestAccess(version, stop.signal);
  try {
    const work = flags["dry-run"] ? dryRunManifest : runManifest;
    return await work({
      runs: access.runs(manifest, shard),
      shard,
      form: format === "tsv" ? "rows" : "measurements",
      formats: [format],
      compression: "none",
      table: undefined,
      folder: flags["output-dir"] === STDOUT ? undefined : flags["output-dir"],
      parser,
      access,
      maxErrors,
      openers,
      stop,
      isForced: flags.force,
      quiet: flags.quiet,
      version,
    });
  } finally {
    await access.close();
  }
}
