/** Training rows of a batch, in each form. */
import type { Batch } from "../../core/batch.js";
import { PRESENT, type TRAINING_COLUMNS } from "../../core/layout.js";
import { lookAt } from "../../core/look-at.js";
import type { ColumnFiller } from "./column-buffer.js";
import { jsonNumber } from "./row-text.js";
import { columnsOf, RUN_COLUMNS } from "./schema.js";

type Name = (typeof TRAINING_COLUMNS)[number];
type Optional = Name & keyof typeof PRESENT;

/** The columns of the batch that a table has, each with the bit of the rows that have it; without one, all have. */
const COLUMNS: readonly { readonly name: Name; readonly bit: number | undefined }[] = columnsOf("training")
  .slice(RUN_COLUMNS.length)
  .map(({ name, optional }) => ({
    name: name as Name,
    bit: optional ? PRESENT[name as Optional] : undefined,
  }));

/** Puts the rows from `from` to `to` into columns. */
export function putTraining(batch: Batch, from: number, to: number, filler: ColumnFiller): void {
  // A zone needs a column of its own.
  const times = batch.time.hasZones ? batch.trainingTimes : undefined;
  lookAt(batch, ({ training }) => {
    const present = training.present.subarray(from, to);
    for (const { name, bit } of COLUMNS) {
      const values = (name === "timestamp" ? times : undefined) ?? training[name];
      filler.number(name)?.pushAll(values.subarray(from, to), bit === undefined ? undefined : present, bit);
    }
  });
}

/** The rows as NDJSON, each starting with `head`. */
export function trainingJson({ training, trainingTimes, time }: Batch, head: string): string {
  const columns = COLUMNS.map(({ name, bit }) => ({
    key: `,"${name}":`,
    values: name === "timestamp" ? trainingTimes : training[name],
    isTime: name === "timestamp",
    bit,
  }));
  let text = "";
  for (let row = 0; row < training.length; row += 1) {
    const present = training.present[row] ?? 0;
    text += head;
    for (const { key, values, isTime, bit } of columns) {
      if (bit !== undefined && (present & bit) === 0) continue;
      const value = values[row] ?? 0;
      text += key + (isTime ? `"${time.format(value, true, 0)}"` : jsonNumber(value));
    }
    text += "}\n";
  }
  return text;
}
