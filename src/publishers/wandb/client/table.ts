import { createHash } from "node:crypto";
import type { JsonObject, JsonValue } from "./json-ish.js";

const LOG_MODE = "IMMUTABLE";

/** A table: names of its columns, and rows of as many cells. */
export interface TableData {
  readonly columns: readonly string[];
  readonly data: readonly (readonly JsonValue[])[];
}

/** A table as it is stored: the run file, and the file of the artifact with the column types. */
export interface TableFiles {
  /** Path of the run file. */
  readonly path: string;
  readonly bytes: Buffer;
  readonly sha256: string;
  /** Name of the file in the artifact. */
  readonly artifactFile: string;
  readonly artifactBytes: Buffer;
  /** Cells with NaN or an infinity. Tables can't hold them: they are empty in the files. */
  readonly nonFiniteCells: number;
}

/** Puts the files of a table together. `step` is that of the history row that will point at it. */
export function tableFiles(key: string, step: number, table: TableData): TableFiles {
  let nonFiniteCells = 0;
  const data = table.data.map((row) =>
    row.map((cell) => {
      if (typeof cell !== "number" || Number.isFinite(cell)) return cell ?? null;
      nonFiniteCells += 1;
      return null;
    }),
  );
  const columns = table.columns;
  const bytes = Buffer.from(JSON.stringify({ columns, data }));
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const artifact = {
    _type: "table",
    column_types: { params: { type_map: columnTypes(columns, data) }, wb_type: "typedDict" },
    columns,
    data,
    log_mode: LOG_MODE,
    ncols: columns.length,
    nrows: data.length,
  };
  return {
    path: `media/table/${key}_${step}_${sha256.slice(0, 20)}.table.json`,
    bytes,
    sha256,
    artifactFile: `${key}.table.json`,
    artifactBytes: Buffer.from(JSON.stringify(artifact)),
    nonFiniteCells,
  };
}

/** The value of a history row or of the summary that points at a table. */
export function tableReference(
  files: TableFiles,
  table: TableData,
  clientId: string,
  sequenceClientId: string,
): JsonObject {
  return {
    _type: "table-file",
    path: files.path,
    sha256: files.sha256,
    size: files.bytes.length,
    ncols: table.columns.length,
    nrows: table.data.length,
    log_mode: LOG_MODE,
    artifact_path: `wandb-client-artifact://${clientId}/${files.artifactFile}`,
    _latest_artifact_path: `wandb-client-artifact://${sequenceClientId}:latest/${files.artifactFile}`,
  };
}

/** Types of the columns, each optional, as the official client infers them. */
function columnTypes(columns: readonly string[], data: readonly (readonly JsonValue[])[]): JsonObject {
  return Object.fromEntries(columns.map((column, at) => [column, columnType(data.map((row) => row[at]))]));
}

function columnType(cells: readonly JsonValue[]): JsonObject {
  const types = new Map<string, JsonObject>();
  for (const cell of cells) {
    if (cell === null || cell === undefined) continue;
    const type = typeOf(cell);
    types.set(JSON.stringify(type), type);
  }
  // The official client refuses columns of several types; "any" is what it has for those it is told to take.
  if (types.size > 1) return { wb_type: "any" };
  const [type = { wb_type: "unknown" }] = types.values();
  const none: JsonObject = { wb_type: "none" };
  // Within a union the official client orders plain types by their names; those with parameters come last.
  const typeFirst = type.params === undefined && String(type.wb_type) < "none";
  return { params: { allowed_types: typeFirst ? [type, none] : [none, type] }, wb_type: "union" };
}

function typeOf(cell: Exclude<JsonValue, null | undefined>): JsonObject {
  if (typeof cell === "number") return { wb_type: "number" };
  if (typeof cell === "boolean") return { wb_type: "boolean" };
  if (typeof cell === "string") return { wb_type: "string" };
  if (Array.isArray(cell)) {
    const inner = new Map<string, JsonObject>();
    for (const item of cell as readonly JsonValue[]) {
      const type = item === null || item === undefined ? { wb_type: "none" } : typeOf(item);
      inner.set(JSON.stringify(type), type);
    }
    const [element = { wb_type: "unknown" }] = inner.values();
    const elementType = inner.size > 1 ? { wb_type: "any" } : element;
    return { params: { element_type: elementType, length: cell.length }, wb_type: "list" };
  }
  const members = Object.entries(cell as JsonObject).filter(([, value]) => value !== undefined);
  const typeMap = Object.fromEntries(
    members.map(([name, value]) => [
      name,
      value === null || value === undefined ? { wb_type: "none" } : typeOf(value),
    ]),
  );
  return { params: { type_map: typeMap }, wb_type: "typedDict" };
}
