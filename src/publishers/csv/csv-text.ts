/** Rows as CSV: fields are quoted if they need it, and lines end with CRLF. */
import { type Input, stringify } from "csv-stringify/sync";

/** A lone CR or LF needs quotes too: csv-stringify looks for CRLF only. */
const LINE_BREAK = /[\r\n]/;

/** Whole lines. */
export function csvLines(rows: Input): string {
  return stringify(rows, { record_delimiter: "windows", quoted_match: LINE_BREAK });
}

/** The first cells of a line, with the comma that follows. */
export function csvStart(cells: readonly string[]): string {
  return stringify([[...cells, ""]], { record_delimiter: "", quoted_match: LINE_BREAK });
}
