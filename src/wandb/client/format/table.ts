/** Tables in the form that W&B's pages and clients read. The official client 0.31.0 is the judge of it. */
import { createHash } from "node:crypto";
import { type JsonObject, type JsonValue, stringifyJson } from "./json.js";

const LOG_MODE = "IMMUTABLE";
const TYPE = "table-file";

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
  /** Of `bytes`, hex. The same table has the same one, whoever wrote it and at whatever step. */
  readonly sha256: string;
  /** Name of the file in the artifact. */
  readonly artifactFile: string;
  readonly artifactBytes: Buffer;
  /** Cells with NaN or an infinity. Tables can't hold them: they are empty in the files. */
  readonly nonFiniteCells: number;
}

/** The ids by which a history row points at the artifact of its table before the server has given it one. */
export interface TableIds {
  readonly clientId: string;
  readonly sequenceClientId: string;
}

/**
 * Puts the files of a table together. `step` is that of the history row that will point at it.
 *
 * @throws RangeError when a row has not one cell a column.
 */
export function tableFiles(key: string, step: number, table: TableData): TableFiles {
  const { columns } = table;
  const ragged = table.data.findIndex((row) => row.length !== columns.length);
  if (ragged >= 0) throw new RangeError(`row ${ragged} of the table ${key} has not ${columns.length} cells`);
  let nonFiniteCells = 0;
  const data = table.data.map((row) =>
    row.map((cell) => {
      if (typeof cell !== "number" || Number.isFinite(cell)) return cell;
      nonFiniteCells += 1;
      return null;
    }),
  );
  const bytes = Buffer.from(stringifyJson({ columns, data }));
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const types = columns.map(
    (column, at) => [column, columnType(data.map((row) => row[at] ?? null))] as const,
  );
  const artifact = {
    _type: "table",
    column_types: { params: { type_map: Object.fromEntries(types) }, wb_type: "typedDict" },
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
    artifactBytes: Buffer.from(stringifyJson(artifact)),
    nonFiniteCells,
  };
}

/** The value of a history row or of the summary that points at a table. */
export function tableReference(files: TableFiles, { columns, data }: TableData, ids: TableIds): JsonObject {
  return {
    _type: TYPE,
    path: files.path,
    sha256: files.sha256,
    size: files.bytes.length,
    ncols: columns.length,
    nrows: data.length,
    log_mode: LOG_MODE,
    artifact_path: `wandb-client-artifact://${ids.clientId}/${files.artifactFile}`,
    _latest_artifact_path: `wandb-client-artifact://${ids.sequenceClientId}:latest/${files.artifactFile}`,
  };
}

/** The values of a row or a summary that refer to tables. */
export function tableReferences(values: Readonly<Record<string, unknown>>): JsonObject {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => isReference(value))) as JsonObject;
}

function isReference(value: unknown): boolean {
  return typeof value === "object" && value !== null && "_type" in value && value._type === TYPE;
}

/** Type of a column, always optional. Of several types it is "any", which the official client has for such columns. */
function columnType(cells: readonly JsonValue[]): JsonObject {
  const types = new Map<string, JsonObject>();
  for (const cell of cells) {
    if (cell === null) continue;
    const type = typeOf(cell);
    types.set(stringifyJson(type), type);
  }
  const [type = { wb_type: "unknown" }] = types.values();
  return unionOf(types.size > 1 ? { wb_type: "any" } : type);
}

/** Within a union the official client orders plain types by their names; those with parameters come last. */
function unionOf(type: JsonObject): JsonObject {
  const none: JsonObject = { wb_type: "none" };
  const typeFirst = type["params"] === undefined && String(type["wb_type"]) < "none";
  return { params: { allowed_types: typeFirst ? [type, none] : [none, type] }, wb_type: "union" };
}

function typeOf(cell: JsonValue): JsonObject {
  if (cell === null) return { wb_type: "none" };
  if (typeof cell !== "object") return { wb_type: typeof cell };
  if (Array.isArray(cell)) {
    const inner = new Map<string, JsonObject>();
    for (const item of cell as readonly JsonValue[]) {
      const type = typeOf(item);
      inner.set(stringifyJson(type), type);
    }
    const [element = { wb_type: "unknown" }] = inner.values();
    const elementType = inner.size > 1 ? { wb_type: "any" } : element;
    return { params: { element_type: elementType, length: cell.length }, wb_type: "list" };
  }
  const members = Object.entries(cell).filter(([, value]) => value !== undefined);
  const typeMap = Object.fromEntries(members.map(([name, value]) => [name, typeOf(value ?? null)]));
  return { params: { type_map: typeMap }, wb_type: "typedDict" };
}
