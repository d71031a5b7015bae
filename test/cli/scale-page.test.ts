/** docs/scale.md names the columns that are written, and the recipes of engines have one contract. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { ALL_COLUMNS } from "../../src/publishers/tables/stream-rows.js";

const file = (path: string) => readFileSync(new URL(path, import.meta.url), "utf8");
const page = file("../../docs/scale.md");

const RECIPES = {
  kubernetes: ["reprocess.yaml"],
  parallel: ["reprocess.sh"],
  slurm: ["reprocess.sh"],
  spark: ["reprocess.py"],
  taskcluster: ["kind.yml", "reprocess.yml"],
};
const ENGINES = Object.keys(RECIPES);

test("the columns of the stream of all tables are documented in their order", () => {
  const [, list = ""] = /<!-- all --> (.*)/.exec(page) ?? [];
  expect([...list.matchAll(/`(\w+)`/g)].map(([, name]) => name)).toEqual(ALL_COLUMNS.map(({ name }) => name));
});

test("the recipes of all engines state the contract of a job in the same words", () => {
  const texts = ENGINES.map((engine) => {
    const [text] =
      /<!-- contract -->.*<!-- \/contract -->/s.exec(file(`../../jobs/${engine}/README.md`)) ?? [];
    return text;
  });
  expect(texts[0]).toContain("marian-tracking status TABLES");
  expect(new Set(texts).size).toBe(1);
});

test("the recipes run the commands of the contract", () => {
  for (const [engine, recipes] of Object.entries(RECIPES))
    for (const recipe of recipes)
      expect(file(`../../jobs/${engine}/${recipe}`), recipe).toMatch(
        /archive --manifest \S+(?:\n\s*|\s)(?:--shard \S+[\s\\]+)?--format parquet/,
      );
});
