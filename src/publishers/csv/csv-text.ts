/** Rows as CSV: fields are quoted if they need it, and lines end with CRLF. */
import { type Input, stringify } from "csv-stringify/sync";

/** Whole lines. */
export function csvLines(rows: Input): string {
  return stringify(rows, { record_delimiter: "windows" });
}

/** The first cells of a line, with the comma that follows. */
export function csvStart(cells: readonly string[]): string {
  return stringify([[...cells, ""]], { record_delimiter: "" });
}
