/** Reads tables of each form back, by other readers than those that wrote them. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { DuckDBInstance, DuckDBMapValue, DuckDBTimestampTZValue } from "@duckdb/node-api";
import { parse } from "csv-parse/sync";

/** A row by column: numbers as numbers, times as text in UTC, metrics as an object; what is absent is left out. */
export type Row = Record<string, Value>;
type Value = string | number | boolean | Record<string, number>;

/** A table as one of its files has it. */
export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
}

/** Types of the columns of a Parquet file, as DuckDB sees them. */
export async function parquetTypes(path: string): Promise<Record<string, string>> {
  const found = await query(`describe select * from '${path}'`);
  return Object.fromEntries(found.map((row) => [String(row["column_name"]), String(row["column_type"])]));
}

export async function query(sql: string): Promise<Record<string, unknown>[]> {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  try {
    return (await connection.runAndReadAll(sql)).getRowObjects();
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

export async function readParquet(path: string): Promise<Table> {
  const types = await parquetTypes(path);
  const rows = (await query(`select * from '${path}'`)).map((row) =>
    Object.fromEntries(
      Object.entries(row).flatMap(([name, value]): [string, Value][] => {
        if (value === null) return [];
        if (typeof value === "bigint") return [[name, Number(value)]];
        if (value instanceof DuckDBTimestampTZValue)
          return [[name, new Date(Number(value.micros) / 1000).toISOString()]];
        if (value instanceof DuckDBMapValue)
          return [[name, Object.fromEntries(value.entries.map(({ key, value }) => [key, value]))]];
        return [[name, value as Value]];
      }),
    ),
  );
  return { columns: Object.keys(types), rows };
}

/** @param types Of the columns that are not numbers, as DuckDB sees them in the Parquet file. */
export async function readCsv(path: string, types: Readonly<Record<string, string>>): Promise<Table> {
  const [columns = [], ...lines] = parse(await readFile(path, "utf8"), {
    relax_column_count: false,
    record_delimiter: "\r\n",
  }) as string[][];
  const number = (cell: string) => Number(cell.replace("nan", "NaN").replace("inf", "Infinity"));
  const rows = lines.map((cells) =>
    Object.fromEntries(
      columns.flatMap((name, index): [string, Value][] => {
        const cell = cells[index] ?? "";
        if (cell === "") return [];
        const type = types[name] ?? "";
        if (TEXTS.includes(type)) return [[name, cell]];
        return [[name, JSONS.test(type) ? numbers(JSON.parse(cell)) : number(cell)]];
      }),
    ),
  );
  return { columns, rows };
}

const TEXTS = ["VARCHAR", "TIMESTAMP WITH TIME ZONE"];
const JSONS = /^(?:BOOLEAN|MAP.*)$/;

/** Metrics whose values that JSON lacks are texts. */
function numbers(value: Value): Value {
  if (typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, Number(one)]));
}

async function readNdjson(path: string, types: Readonly<Record<string, string>>): Promise<Row[]> {
  const lines = (await readFile(path, "utf8")).split("\n").slice(0, -1);
  return lines.map((line) => {
    const fields = Object.entries(JSON.parse(line) as Row);
    return Object.fromEntries(
      fields.map(([name, value]) => {
        const type = types[name] ?? "";
        if (TEXTS.includes(type)) return [name, value];
        return [name, JSONS.test(type) ? numbers(value) : Number(value)];
      }),
    );
  });
}

/** Reads a table in all three formats and gives it once; throws if they differ. */
export async function readTable(folder: string, table: string): Promise<Table> {
  const path = (extension: string) => join(folder, `${table}.${extension}`);
  const types = await parquetTypes(path("parquet"));
  const parquet = await readParquet(path("parquet"));
  const csv = await readCsv(path("csv"), types);
  const ndjson = await readNdjson(path("ndjson"), types);
  const wanted = csv.rows.map(inOrder);
  for (const [form, rows] of Object.entries({ parquet: parquet.rows, ndjson })) {
    const found = rows.map(inOrder);
    const at = wanted.findIndex((row, index) => row !== found[index]);
    if (at !== -1 || found.length !== wanted.length)
      throw new Error(`${table}: ${form} and csv differ in row ${at}: ${found[at]} and ${wanted[at]}`);
  }
  if (parquet.columns.join() !== csv.columns.join())
    throw new Error(`${table}: columns of parquet ${parquet.columns.join()} and csv ${csv.columns.join()}`);
  return csv;
}

function inOrder(row: Row): string {
  const fields = Object.entries(row).sort(([one], [other]) => (one < other ? -1 : 1));
  return JSON.stringify(
    fields.map(([name, value]) => [
      name,
      typeof value === "object" ? Object.entries(value).map(String) : String(value),
    ]),
  );
}
