/** Where the rows of `parse` go. */

import { isBucketUrl } from "../../io/objects/object-url.js";
import type { RowOutput } from "../../pipeline/parse-logs.js";
import type { PrintedTable } from "../../publishers/table-printer.js";
import { Flags } from "./flag.js";

/** Stands for standard output. */
export const STDOUT = "-";

/** Reads the name of a folder for several files, which can't go to standard output. */
export async function folderName(text: string): Promise<string> {
  if (text === STDOUT) throw new Error("-o takes a folder here: several files can't go to standard output");
  return text;
}

/** The flag that chooses what `-o -` prints. */
export const tableFlag = Flags.option({ options: ["training", "validation"] as const })({
  description: "with -o -: the table that is printed  [default: training]",
});

/** The values of the flags that decide it. */
export interface OutputFlagValues {
  readonly format: "csv" | "tsv" | "ndjson" | "parquet" | undefined;
  readonly "output-dir": string | undefined;
  readonly table: PrintedTable["table"] | undefined;
  readonly combine: boolean;
  readonly follow: boolean;
  readonly tee: boolean;
  readonly pattern: readonly string[] | undefined;
  readonly plot: readonly string[] | undefined;
}

/** Reads the flags for as many logs; `refuse` ends the command with its message. */
export function rowOutput(
  flags: OutputFlagValues,
  inputs: readonly string[],
  refuse: (message: string) => never,
): RowOutput {
  const { format = "csv", "output-dir": folder, table } = flags;
  if (format === "ndjson" || format === "parquet" || folder !== STDOUT) {
    if (table !== undefined)
      refuse("--table chooses the table that -o - prints as CSV or TSV: give -o - without another --format");
    if (format === "tsv")
      refuse("--format tsv is one table on standard output: give -o -, or is for a --manifest");
  }
  if (flags.follow && folder !== undefined && isBucketUrl(folder))
    refuse(
      "--follow writes rows as they come, and objects in a bucket are written whole: give -o a folder of this machine",
    );
  if (format === "parquet" && folder === STDOUT)
    refuse("Parquet can't go to standard output: give -o FOLDER, or --format csv");
  if (format === "parquet" && flags.follow)
    refuse(
      "--follow writes rows as they come, and a Parquet file is written at the end: follow with --format csv, then run parse again for Parquet",
    );
  // Charts are asked for instead of files.
  if (folder === undefined && flags.plot !== undefined && flags.format !== "ndjson") return { kind: "none" };
  if (folder !== undefined && folder !== STDOUT) return { kind: "folder", folder };
  if (format === "parquet" || (format === "csv" && folder === undefined))
    return { kind: "folder", folder: "output" };
  if (flags.tee) {
    const rows = format === "ndjson" ? "NDJSON" : "table";
    refuse(`with --tee standard output holds the log: give -o FOLDER for the ${rows}`);
  }
  if (format === "ndjson") return { kind: "lines" };
  if (flags.follow)
    refuse("-o - prints a table when all is read: with --follow, give -o FOLDER or --format ndjson");
  if (flags.pattern !== undefined)
    refuse("-o - prints one table, and --pattern needs another: give -o FOLDER or --format ndjson");
  if (inputs.length > 1 && !flags.combine)
    refuse(`-o - prints one table, and there are ${inputs.length} logs: give --combine, or -o FOLDER`);
  return { kind: "table", table: table ?? "training", format };
}
