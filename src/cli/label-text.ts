/** What labels mean, for people and for programs. */
import type { TaskLabel } from "../evaluation/naming/label.js";

/** A name, and what it means; undefined if it is neither a training nor an evaluation. */
export interface NamedLabel {
  readonly name: string;
  readonly label: TaskLabel | undefined;
}

const COLUMNS = ["stage", "model", "importer", "dataset", "augmentation"] as const;

/** An object for each name. What a name does not have is null; of one that is not known, everything. */
export function labelJson(labels: readonly NamedLabel[]): Record<string, string | null>[] {
  return labels.map(({ name, label }) => ({
    name,
    ...Object.fromEntries(COLUMNS.map((column) => [column, label?.[column] ?? null])),
  }));
}

/** A line for each name. */
export function labelText(labels: readonly NamedLabel[]): string {
  return labels
    .map(({ name, label }) => {
      if (label === undefined) return `${name}: neither a training nor an evaluation of a known model\n`;
      const parts = COLUMNS.flatMap((column) => (label[column] === null ? [] : `${column} ${label[column]}`));
      return `${name}: ${parts.join(", ")}\n`;
    })
    .join("");
}
