/** The queries of docs/queries.md, and tables of two archives together, by Spark. */
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { makeTree } from "../archive/tree.js";
import { ANSWERS, codeBelow, makeTables, PLAIN, QUESTIONS, TOGETHER } from "../docs/page-queries.js";
import { workFolder } from "./work.js";

const HOME = process.env["SCALE_SPARK_HOME"] ?? "";

describe.skipIf(HOME === "")("Spark", () => {
  test("answers the queries of docs/queries.md, and opens tables of two archives together", async () => {
    const [folder, other] = ["tables", "other"].map((name) => join(workFolder(), name)) as [string, string];
    for (const place of [folder, other]) mkdirSync(place);
    await makeTables(folder);
    await makeTables(other, makeTree(PLAIN));
    const paths = (table: string) =>
      [folder, other].map((place) => join(place, "tables", `${table}.parquet`));
    const input = JSON.stringify({
      spark: codeBelow("Spark", "python").join(""),
      questions: QUESTIONS,
      together: Object.fromEntries(Object.keys(TOGETHER).map((table) => [table, paths(table)])),
    });
    const python = join(HOME, "../../../../bin/python");
    const { status, stdout, stderr } = spawnSync(python, [join(import.meta.dirname, "queries.py")], {
      cwd: folder,
      input,
      encoding: "utf8",
      env: { ...process.env, SPARK_HOME: HOME, SPARK_LOCAL_IP: "127.0.0.1", PYSPARK_PYTHON: python },
    });
    expect(status, stderr).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ answers: ANSWERS, together: TOGETHER });
  });
});
