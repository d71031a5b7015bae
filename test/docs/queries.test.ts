/** The queries of docs/queries.md, copied out of the page and answered by DuckDB. */

import { join } from "node:path";
import {
  type DuckDBConnection,
  DuckDBDateValue,
  DuckDBInstance,
  DuckDBTimestampTZValue,
} from "@duckdb/node-api";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeTree } from "../archive/tree.js";
import { freshFolder } from "../cli/run-binary.js";
import { query } from "../publishers/tables/read-tables.js";
import { ANSWERS, type Answer, codeBelow, makeTables, PLAIN, QUESTIONS, TOGETHER } from "./page-queries.js";

describe("the queries of docs/queries.md", () => {
  let connection: DuckDBConnection;
  beforeAll(async () => {
    connection = await (await DuckDBInstance.create(":memory:")).connect();
    await connection.run(`SET file_search_path = '${await makeTables()}'`);
    for (const code of codeBelow("DuckDB", "sql")) await connection.run(code);
  });
  afterAll(() => connection.closeSync());

  test("are ten, each with SQL and Polars", () => {
    expect(QUESTIONS.map(({ sql, polars }) => sql !== "" && polars !== "")).toEqual(Array(10).fill(true));
    expect(ANSWERS).toHaveLength(10);
  });

  test.each(QUESTIONS.map(({ title, sql }, index) => [title, sql, ANSWERS[index]] as const))(
    "%s",
    async (_, sql, answer) => {
      expect(await ask(connection, sql)).toEqual(answer);
    },
  );
});

test("tables of two archives are one table in DuckDB, without options", async () => {
  const folders = [await makeTables(), await makeTables(freshFolder(), makeTree(PLAIN))];
  const found = Object.keys(TOGETHER).map(async (table) => {
    const paths = folders.map((folder) => join(folder, "tables", `${table}.parquet`));
    const both = `read_parquet(['${paths.join("', '")}'])`;
    const types = (what: string) => query(`SELECT column_name, column_type FROM (DESCRIBE FROM ${what})`);
    const whole = await types(both);
    for (const path of paths) expect(await types(`'${path}'`)).toEqual(whole);
    const [counted] = await query(`SELECT count(*) AS rows FROM ${both}`);
    return [table, { rows: Number(counted?.["rows"]), same: true }] as const;
  });
  expect(Object.fromEntries(await Promise.all(found))).toEqual(TOGETHER);
});

async function ask(connection: DuckDBConnection, sql: string): Promise<Answer> {
  const rows = (await connection.runAndReadAll(sql)).getRowObjects();
  return rows.map((row) =>
    Object.fromEntries(Object.entries(row).map(([name, value]) => [name, plain(value)])),
  );
}

function plain(value: unknown): string | number | null {
  if (typeof value === "bigint") return Number(value);
  if (value instanceof DuckDBTimestampTZValue) return new Date(Number(value.micros) / 1000).toISOString();
  if (value instanceof DuckDBDateValue) return value.toString();
  return value as string | number | null;
}
