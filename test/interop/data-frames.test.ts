/** Times as pandas, pyarrow and DuckDB read them; `npm run test:interop` installs these. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, it } from "vitest";
import { freshFolder } from "../cli/run-binary.js";
import { parse } from "../cli/run-here.js";

const PYTHON = resolve("node_modules/.cache/marian-tracking/pandas-3.1.1/bin/python");
const isThere = existsSync(PYTHON);
if (!isThere)
  process.stderr.write("skipped: no pandas, pyarrow and DuckDB: npm run test:interop installs them\n");

it.skipIf(!isThere)("pandas, pyarrow and DuckDB see times in CSV and Parquet", async () => {
  const folder = freshFolder();
  for (const format of ["csv", "parquet"]) {
    const { code } = await parse([resolve("fixtures/train.log"), "--format", format, "-o", ".", "-q"], {
      folder,
    });
    expect(code).toBe(0);
  }
  const script = join(import.meta.dirname, "data-frames.py");
  const found = JSON.parse(execFileSync(PYTHON, [script, folder], { encoding: "utf8" }));
  const times = {
    pandas: true,
    pyarrow: "timestamp[us, tz=UTC]",
    duckdb: ["TIMESTAMP WITH TIME ZONE", "TIMESTAMP WITH TIME ZONE"],
    equal: true,
  };
  expect(found).toEqual({
    training: { ...times, rows: [87, 87], last: "2024-03-04T13:25:44+00:00" },
    validation: { ...times, rows: [17, 17], last: "2024-03-04T13:25:48+00:00" },
  });
});
