/** Tables in the form the W&B pages show them. Source of the forms: the official client 0.31.0. */
import { createHash } from "node:crypto";
import { type JsonObject, stringifyJson } from "./json-text.js";

/** A cell of a table. Numbers that JSON lacks (NaN, infinities) are stored as null: the pages can't read them. */
export type TableCell = string | number | boolean | null;

/** A table's content: each row has a cell for each column. */
export type TableData = {
  readonly columns: readonly string[];
  readonly data: readonly (readonly TableCell[])[];
};

/** The files of a table: the one the history names, and the one in its artifact. */
export type TableFiles = {
  /** Below the files of the run. */
  readonly mediaPath: string;
  readonly media: Uint8Array;
  /** Hex SHA-256 of `media`. */
  readonly sha256: string;
  /** Within the artifact. */
  readonly artifactPath: string;
  readonly artifact: Uint8Array;
};

/**
 * The files of a table that is logged under a key at a step.
 *
 * @throws RangeError when a row has not one cell a column.
 */
export function encodeTable(key: string, step: number, table: TableData): TableFiles {
  const { columns } = table;
  const ragged = table.data.findIndex((row) => row.length !== columns.length);
  if (ragged >= 0) throw new RangeError(`row ${ragged} of the table ${key} has not ${columns.length} cells`);
  const data = table.data.map((row) =>
    row.map((cell) => (typeof cell === "number" && !Number.isFinite(cell) ? null : cell)),
  );
  const media = Buffer.from(stringifyJson({ columns, data }));
  const sha256 = createHash("sha256").update(media).digest("hex");
  const types = columns.map(
    (column, index) => [column, columnType(data.map((row) => row[index] ?? null))] as const,
  );
  const artifact = stringifyJson({
    _type: "table",
    column_types: { wb_type: "typedDict", params: { type_map: Object.fromEntries(types) } },
    columns,
    data,
    log_mode: "IMMUTABLE",
    ncols: columns.length,
    nrows: data.length,
  });
  return {
    mediaPath: `media/table/${key}_${step}_${sha256.slice(0, 20)}.table.json`,
    media,
    sha256,
    artifactPath: `${key}.table.json`,
    artifact: Buffer.from(artifact),
  };
}

/** What the history and the summary hold for a table. The ids are those of its artifact. */
export function tableValue(
  table: TableData,
  files: TableFiles,
  ids: { readonly clientId: string; readonly sequenceClientId: string },
): JsonObject {
  return {
    _type: "table-file",
    path: files.mediaPath,
    sha256: files.sha256,
    size: files.media.length,
    ncols: table.columns.length,
    nrows: table.data.length,
    log_mode: "IMMUTABLE",
    artifact_path: `wandb-client-artifact://${ids.clientId}/${files.artifactPath}`,
    _latest_artifact_path: `wandb-client-artifact://${ids.sequenceClientId}:latest/${files.artifactPath}`,
  };
}

function columnType(cells: readonly TableCell[]): JsonObject {
  const kinds = new Set<string>(cells.filter((cell) => cell !== null).map((cell) => typeof cell));
  const [kind = "unknown"] = kinds;
  const allowed = ["none", kinds.size > 1 ? "any" : kind].sort().map((name) => ({ wb_type: name }));
  return { wb_type: "union", params: { allowed_types: allowed } };
}
