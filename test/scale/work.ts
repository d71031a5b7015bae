/** What the tests with engines share: an archive, what one process makes of it, and the comparison. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterAll } from "vitest";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** The command of a worker. */
export const WORKER = `${process.execPath} ${join(ROOT, "bin/run.js")}`;

/** A file of the recipes. */
export function recipe(path: string): string {
  return join(ROOT, "jobs", path);
}

/** A folder that is gone after the tests. */
export function workFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "marian-tracking-scale-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Runs a program to its end; throws when it fails. */
export function runTool(command: string, args: readonly string[], cwd = ROOT): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd,
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")}: ${error?.message ?? stderr}`);
  return stdout;
}

/** Lists the benchmark's archive, with some broken logs, in a manifest, and writes its tables with one process. */
export function prepare(folder: string): { readonly manifest: string; readonly tables: string } {
  const script = `
    import { archiveTree } from ${JSON.stringify(new URL("../../bench/archive-tree.mjs", import.meta.url).href)};
    console.log(archiveTree({ runs: 60, megabytes: 100, broken: 0.1 }, ${JSON.stringify(folder)}).folder);`;
  const archive = runTool(process.execPath, ["--input-type=module", "-e", script]).trim();
  const manifest = join(folder, "manifest.ndjson");
  const tables = join(folder, "one-process");
  const [node = "", program = ""] = WORKER.split(" ");
  runTool(node, [program, "plan", archive, "-o", manifest]);
  runTool(node, [program, "archive", "--manifest", manifest, "-o", tables, "--format", "parquet"]);
  return { manifest, tables };
}

/** A count of the rows, and of each column a count and a sum; of text, a count of different ones. */
export type Sums = Readonly<Record<string, readonly (number | string)[]>>;

/** Tables whose columns are compared; further metrics have columns in some forms and none in others. */
export const COMPARED = ["training", "validation", "evaluations", "runs"] as const;

/** Sums of a table in Parquet files. */
export async function sumsOf(files: string, only?: readonly string[]): Promise<Sums> {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  const rows = `read_parquet('${files}', hive_partitioning = true, union_by_name = true)`;
  try {
    const columns = await connection.runAndReadAll(`DESCRIBE SELECT * FROM ${rows}`);
    const sums: Record<string, (number | string)[]> = {};
    for (const [name, type] of columns.getRows().map((row) => [String(row[0]), String(row[1])])) {
      if (name === undefined || type === undefined || (only !== undefined && !only.includes(name))) continue;
      const column = `"${name}"`;
      const text = type.startsWith("MAP") ? `CAST(${column} AS VARCHAR)` : column;
      // A BOOLEAN is 0 or 1, a TIMESTAMP its milliseconds.
      const number = type.startsWith("TIMESTAMP") ? `epoch_ms(${column})::DOUBLE` : `${column}::DOUBLE`;
      const value =
        type === "VARCHAR" || text !== column
          ? `count(DISTINCT ${text}), sum(length(${text}))`
          : `round(sum(CASE WHEN isfinite(${number}) THEN ${number} END), 2), count(*) FILTER (NOT isfinite(${number}))`;
      const [found = []] = (
        await connection.runAndReadAll(`SELECT count(${column}), ${value} FROM ${rows}`)
      ).getRows();
      sums[name] = found.map((one) => (typeof one === "number" ? Number(one.toPrecision(12)) : String(one)));
    }
    const [total = []] = (await connection.runAndReadAll(`SELECT count(*) FROM ${rows}`)).getRows();
    return { ...sums, rows: [String(total[0])] };
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
