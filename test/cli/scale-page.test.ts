/** docs/scale.md: the columns that it lists are those that are written. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { ALL_COLUMNS, STREAM_COLUMNS } from "../../src/publishers/tables/stream-rows.js";

const page = readFileSync(new URL("../../docs/scale.md", import.meta.url), "utf8");
const job = readFileSync(new URL("../../jobs/spark/reprocess.sql", import.meta.url), "utf8");

test.each(Object.entries({ ...STREAM_COLUMNS, all: ALL_COLUMNS }))(
  "the columns of %s are documented in their order",
  (table, columns) => {
    const [, list = ""] = new RegExp(`<!-- ${table} --> (.*)`).exec(page) ?? [];
    expect([...list.matchAll(/`(\w+)`/g)].map(([, name]) => name)).toEqual(columns.map(({ name }) => name));
  },
);

test("the job for Spark reads all of them in their order", () => {
  const [, list = ""] = /\bAS \(([^)]*)\)/.exec(job) ?? [];
  const names = [...list.matchAll(/`?(\w+)`? STRING/g)].map(([, name]) => name);
  expect(names).toEqual(ALL_COLUMNS.map(({ name }) => name));
});

test("the job makes a table with every column of each", () => {
  for (const [table, columns] of Object.entries(STREAM_COLUMNS)) {
    const [, list = ""] = new RegExp(`CREATE TABLE marian_${table} \\(([^)]*)\\)`).exec(job) ?? [];
    const names = [...list.matchAll(/`?(\w+)`? (?:STRING|DOUBLE|BIGINT)/g)].map(([, name]) => name);
    expect(names.toSorted()).toEqual(columns.map(({ name }) => name).toSorted());
  }
});
