/** docs/scale.md and the job for Spark: their columns are those that are written. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { SCHEMA } from "../../src/publishers/tables/schema.js";
import { ALL_COLUMNS } from "../../src/publishers/tables/stream-rows.js";

const page = readFileSync(new URL("../../docs/scale.md", import.meta.url), "utf8");
const job = readFileSync(new URL("../../jobs/spark/reprocess.sql", import.meta.url), "utf8");

test("the columns of the stream of all tables are documented in their order", () => {
  const [, list = ""] = /<!-- all --> (.*)/.exec(page) ?? [];
  expect([...list.matchAll(/`(\w+)`/g)].map(([, name]) => name)).toEqual(ALL_COLUMNS.map(({ name }) => name));
});

test("the job for Spark reads all of them in their order", () => {
  const [, list = ""] = /\bAS \(([^)]*)\)/.exec(job) ?? [];
  const names = [...list.matchAll(/`?(\w+)`? STRING/g)].map(([, name]) => name);
  expect(names).toEqual(ALL_COLUMNS.map(({ name }) => name));
});

const SPARK = {
  text: "STRING",
  count: "BIGINT",
  epoch: "DOUBLE",
  float: "DOUBLE",
  timestamp: "TIMESTAMP",
  boolean: "BOOLEAN",
  metrics: "MAP<STRING, DOUBLE>",
} as const;

test.each(Object.values(SCHEMA))(
  "the job makes the table $name with its columns, types and order",
  (table) => {
    const [, list = ""] = new RegExp(`CREATE TABLE marian_${table.name} \\(([^)]*)\\)`).exec(job) ?? [];
    const columns = [...list.matchAll(/`?(\w+)`? ([A-Z]+(?:<[^>]*>)?)/g)].map(([, name, type]) => [
      name,
      type,
    ]);
    expect(columns).toEqual(table.columns.map(({ name, type }) => [name, SPARK[type]]));
    const [, select = ""] =
      new RegExp(`INSERT OVERWRITE TABLE marian_${table.name}\\s+SELECT\\s+([^;]*?)\\s+FROM`).exec(job) ?? [];
    // The name of a column stands first in what makes its value.
    const selected = select.split(/,\s+(?![^(]*\))/).map((value) => /(\w+)`?(?: AS |, '|$)/.exec(value)?.[1]);
    expect(selected).toEqual(table.columns.map(({ name }) => name));
  },
);
