/** Training rows of a batch, in each form. */
import type { Batch } from "../../core/batch.js";
import { PRESENT } from "../../core/layout.js";
import type { LABELS, TRAINING } from "../csv/columns.js";
import type { NumberColumn } from "./column-buffer.js";
import { LABEL_COLUMNS, RUN_COLUMNS, TRAINING_COLUMNS } from "./columns.js";
import { jsonNumber } from "./row-text.js";

type Name = (typeof TRAINING)[number] | (typeof LABELS)[number];
type Optional = Name & keyof typeof PRESENT;

/** Each column with the bit that tells whether a row has it; without one, every row has it. */
const COLUMNS: readonly { readonly name: Name; readonly bit: number | undefined }[] = [
  ...TRAINING_COLUMNS.slice(RUN_COLUMNS.length),
  ...LABEL_COLUMNS,
].map(({ name, optional }) => ({
  name: name as Name,
  bit: optional ? PRESENT[name as Optional] : undefined,
}));

/** Puts the rows from `from` to `to` into columns. */
export function putTraining(
  { training }: Batch,
  from: number,
  to: number,
  put: (name: string) => NumberColumn | undefined,
): void {
  const present = training.present.subarray(from, to);
  for (const { name, bit } of COLUMNS) {
    put(name)?.pushAll(training[name].subarray(from, to), bit === undefined ? undefined : present, bit);
  }
  put("segment")?.pushAll(training.segment.subarray(from, to));
}

/** The rows as NDJSON, each starting with `head`. */
export function trainingJson({ training }: Batch, head: string, segment: boolean): string {
  const columns = COLUMNS.map(({ name, bit }) => ({ key: `,"${name}":`, values: training[name], bit }));
  let text = "";
  for (let row = 0; row < training.length; row += 1) {
    const present = training.present[row] ?? 0;
    text += head;
    for (const { key, values, bit } of columns) {
      if (bit === undefined || (present & bit) !== 0) text += key + jsonNumber(values[row] ?? 0);
    }
    text += segment ? `,"segment":${training.segment[row]}}\n` : "}\n";
  }
  return text;
}
