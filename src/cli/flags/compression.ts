/** `--compression`: of the commands that write Parquet. */
import { COMPRESSIONS, type Compression } from "../../publishers/tables/compression.js";
import { Flags } from "./flag.js";

const DESCRIPTION =
  "compression of Parquet files: snappy is the fastest, zstd the smallest  [default: snappy]";

export const compressionFlag = Flags.option({ options: COMPRESSIONS })({ description: DESCRIPTION });

/** The flag of the commands that write tables of many runs. */
export const tablesCompressionFlag = Flags.option({ options: COMPRESSIONS })({
  description: DESCRIPTION,
  dependsOn: ["output-dir"],
  helpGroup: "TABLES",
});

/** Reads the flag; `refuse` ends the command with its message. */
export function readCompression(
  compression: Compression | undefined,
  formats: readonly string[],
  refuse: (message: string) => never,
): Compression {
  if (compression !== undefined && !formats.includes("parquet"))
    refuse("--compression is for Parquet: give --format parquet");
  return compression ?? "snappy";
}
