/**
 * The tables as a data set: docs/queries.md by Polars and DuckDB, its MERGE by deltalake, and what engines read of the
 * files. `npm run test:interop` installs these.
 */
import { execFileSync } from "node:child_process";
import { appendFileSync, existsSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { benchArchive } from "../archive/bench-archive.js";
import { makeTree } from "../archive/tree.js";
import { freshFolder } from "../cli/run-binary.js";
import { train } from "../cli/sample-logs.js";
import {
  ANSWERS,
  codeBelow,
  EXPERIMENTS,
  makeTables,
  PLAIN,
  QUESTIONS,
  TOGETHER,
} from "../docs/page-queries.js";

const PYTHON = resolve("node_modules/.cache/marian-tracking/pandas-3.1.1/bin/python");
const isThere = existsSync(PYTHON);
if (!isThere)
  process.stderr.write("skipped: no Polars, pyarrow and DuckDB: npm run test:interop installs them\n");

function python(script: string, args: readonly string[], input?: unknown, cwd?: string) {
  const output = execFileSync(PYTHON, [join(import.meta.dirname, script), ...args], {
    encoding: "utf8",
    ...(cwd === undefined ? {} : { cwd }),
    ...(input === undefined ? {} : { input: JSON.stringify(input) }),
  });
  return JSON.parse(output);
}

describe.skipIf(!isThere)("the tables of an archive", () => {
  it("answer the queries of docs/queries.md in Polars and DuckDB", async () => {
    const page = {
      polars: codeBelow("Polars", "python").join(""),
      duckdb: codeBelow("DuckDB", "sql").join(""),
      questions: QUESTIONS,
    };
    const answers = python("queries.py", [], page, await makeTables());
    expect(answers).toEqual({ polars: ANSWERS, duckdb: ANSWERS });
  });

  it("are merged into tables of Delta, which equal them however often that is done", async () => {
    const archive = makeTree(EXPERIMENTS);
    const [folder, code] = [freshFolder(), codeBelow("Merge into a table that lasts", "python")];
    const merge = async () => {
      await makeTables(folder, archive);
      return python("merge.py", [], code, folder);
    };
    const equal = (rows: number) => ({ rows, equal: true, columns: true, unique: true });
    const whole = {
      training: equal(135),
      validation: equal(27),
      evaluations: equal(8),
      runs: equal(7),
    };
    expect(await merge()).toEqual(whole);
    expect(await merge()).toEqual(whole);
    const [growing = "", , , , , removed = ""] = Object.keys(EXPERIMENTS);
    appendFileSync(join(archive, growing), train(11_000));
    rmSync(join(archive, removed));
    makeTree(PLAIN, archive);
    const changed = { training: equal(116), validation: equal(21), evaluations: equal(8), runs: equal(8) };
    expect(await merge()).toEqual(changed);
    expect(await merge()).toEqual(changed);
  });

  it("are opened with those of another archive as one table, without options", async () => {
    const folders = [await makeTables(), await makeTables(freshFolder(), makeTree(PLAIN))];
    const found = python(
      "engines.py",
      folders.map((folder) => join(folder, "tables")),
    );
    expect(found).toEqual({ pyarrow: TOGETHER, polars: TOGETHER, duckdb: TOGETHER });
  });

  it("are read in part by a query of one project", async () => {
    const archive = benchArchive({ runs: 100, megabytes: 100, broken: 0 }, freshFolder());
    const folder = await makeTables(freshFolder(), archive);
    const found = python("engines.py", [join(folder, "tables"), "--project", "en-uk"]);
    expect(found.row_groups.all).toBeGreaterThan(4);
    expect(found.row_groups.project).toBeLessThanOrEqual(found.row_groups.all / 2);
    for (const engine of ["pyarrow", "duckdb"]) {
      expect(found[engine].project.rows).toBeGreaterThan(0);
      expect(found[engine].project.bytes).toBeLessThan(found[engine].all.bytes / 2);
    }
  });
});
