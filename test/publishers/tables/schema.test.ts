/** The schema of the tables: its document is what the definition gives, and it keeps its own rules. */
import { expect, test } from "vitest";
import { schemaMarkdown } from "../../../src/cli/schema-text.js";
import { SCHEMA, SCHEMA_VERSION } from "../../../src/publishers/tables/schema.js";
import { check } from "../../cli/run-binary.js";
import { runHere } from "../../cli/run-here.js";

test("docs/schema.md is what the definition gives (vitest run FILE --update makes it)", async () => {
  await expect(schemaMarkdown()).toMatchFileSnapshot("../../../docs/schema.md");
});

test("the command prints the document, and all of it as JSON", async () => {
  check(await runHere("run", ["schema"]), { code: 0, stdout: schemaMarkdown(), stderr: "" });
  const { version, tables } = JSON.parse((await runHere("run", ["schema", "--json"])).stdout);
  expect(version).toBe(SCHEMA_VERSION);
  expect(tables.map(({ name }: { name: string }) => name)).toEqual(Object.keys(SCHEMA));
  expect(tables[0].columns[3]).toEqual({
    name: "segment",
    type: "int64",
    nullable: false,
    description: expect.stringContaining("restart"),
  });
  check(await runHere("run", ["schema", "training"]), { code: 2, stderr: /./ });
});

test.each(Object.values(SCHEMA))("$name starts with the run, and has its key and its order", (table) => {
  const names = table.columns.map(({ name }) => name);
  expect(names.slice(0, 3)).toEqual(["project", "group", "run"]);
  expect(new Set(names).size).toBe(names.length);
  for (const name of [...table.key, ...table.order]) expect(names).toContain(name);
  // What a file says to be sorted can't be absent.
  expect(table.columns.filter(({ name, optional }) => optional && table.order.includes(name))).toEqual([]);
});
