/** The files that measurements go to, and standard output. */
import { join } from "node:path";
import { Echo } from "../io/stdin.js";
import { dataBytes } from "../io/terminal.js";
import { CsvPublisher } from "./csv/csv-publisher.js";
import { LineFile, type LineOutput, NdjsonPublisher } from "./ndjson.js";
import type { Compression } from "./tables/compression.js";
import type { UpdatePublisher } from "./update-publisher.js";

/** What files are written as. */
export type FileFormat = "csv" | "ndjson" | "parquet";

/**
 * Writes the files of one input, in a folder of its own, or those of several inputs. If nothing was measured, existing
 * files stay. With `reference`, CSV is what the Python commands write: without times, and files of headers if nothing
 * was measured. Parquet files name the program's `version`.
 */
export async function filePublisher(
  folder: string,
  format: FileFormat,
  {
    patterns = false,
    combine = false,
    reference = false,
    version = "",
    compression = undefined as Compression | undefined,
  } = {},
): Promise<UpdatePublisher> {
  if (format === "ndjson") return ndjsonFile(folder, "whole", reference);
  if (format === "parquet") {
    const { ParquetPublisher } = await import("./parquet-publisher.js");
    const options = { folder, combine, patterns, version };
    return new ParquetPublisher({ ...options, compression: compression ?? "snappy" });
  }
  return new CsvPublisher({ folder, mode: "whole", combine, patterns, reference });
}

/**
 * Write the files of a training that is running: CSV row by row, and NDJSON that is complete to the last line if the
 * process is killed, because a CSV row waits until its validation point is whole.
 */
export function livePublishers(
  folder: string,
  { patterns = false, reference = false } = {},
): UpdatePublisher[] {
  return [
    ndjsonFile(folder, "live", reference),
    new CsvPublisher({ folder, mode: "live", combine: false, patterns, reference }),
  ];
}

function ndjsonFile(folder: string, mode: "whole" | "live", evenIfEmpty: boolean): NdjsonPublisher {
  return new NdjsonPublisher(new LineFile(join(folder, "measurements.ndjson"), mode), evenIfEmpty);
}

/** Standard output. A reader that has seen enough (`head`) closes it, which is not an error. */
export function standardOutput(): LineOutput {
  const echo = new Echo(process.stdout);
  return {
    get closed() {
      return echo.closed;
    },
    write: async (lines) => {
      await echo.write(dataBytes(lines));
      if (echo.fault !== undefined) throw echo.fault;
    },
    close: async () => [],
    discard: async () => {},
  };
}
