/** The runs that the module of mozilla/translations publishes from its test data, and ours from the same. */
import { spawn } from "node:child_process";
import { cpSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { globSync } from "tinyglobby";
import { beforeAll, describe, expect, it } from "vitest";
import { binaryPath } from "../cli/run-binary.js";
import { StandInServer, type StoredRun } from "../servers/wandb/index.js";
import { parseRow } from "../servers/wandb/json-lines.js";
import { absent, copyOfCheckout, environmentOf, folder, pythonWith } from "./adopt/mozilla.js";

const FIXTURES = [
  {
    name: "taskcluster.log",
    program: "parse_tc_logs",
    args: [
      ...["--input-file", "data/taskcluster.log", "--wandb-project", "test", "--wandb-group", "group"],
      ...["--wandb-run-name", "run_id", "--wandb-publication", "-o", "csv"],
    ],
  },
  {
    name: "experiments_1_10",
    program: "parse_experiment_dir",
    args: ["--directory", "data/experiments_1_10", "--mode", "snakemake"],
  },
  {
    name: "experiments_1_12",
    program: "parse_experiment_dir",
    args: ["--directory", "data/experiments_1_12", "--mode", "snakemake"],
  },
] as const;

/** Publishes to a server of its own and returns the server. */
async function publish(
  name: string,
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  data: string,
) {
  const cwd = join(folder, name);
  mkdirSync(join(cwd, "csv"), { recursive: true });
  cpSync(data, join(cwd, "data"), { recursive: true });
  const server = await StandInServer.start();
  const child = spawn(program, args, {
    cwd,
    env: { ...env, WANDB_BASE_URL: server.url, WANDB_API_KEY: server.apiKey, WANDB_ERROR_REPORTING: "false" },
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (text) => {
      output += text;
    });
  const code = await new Promise((resolve) => child.once("close", resolve));
  await server.close();
  if (code !== 0) throw new Error(`${program} ended with ${code}:\n${output.slice(-3000)}`);
  return server;
}

type Values = Record<string, unknown>;

/** The table that a reference in a row leads to: a file at the server, or in the folder of a client before 0.18. */
function tableOf(reference: unknown, run: StoredRun, cwd: string): Table {
  const path = String((reference as Values)["path"]);
  const uploaded = run.uploads.get(path)?.bytes;
  const local = globSync(`wandb/run-*-${run.id}/files/${path}`, { cwd, absolute: true });
  const { columns, data } = JSON.parse(String(uploaded ?? readFileSync(local[0] ?? path)));
  return { columns, data };
}

/** The charts' values by update, and tables by name: the module logs each table in a step of its own. */
function contentOf(run: StoredRun, cwd: string) {
  const charts = new Map<number, Values>();
  const tables: Record<string, Table> = {};
  for (const line of run.lines["wandb-history.jsonl"]) {
    const { _timestamp, _runtime, _step, ...values } = parseRow(line) as Values;
    for (const [name, value] of Object.entries(values))
      if (/_table$|^metrics$/.test(name)) tables[name] = tableOf(value, run, cwd);
      else charts.set(Number(_step), { ...charts.get(Number(_step)), [name]: value });
  }
  const { group, displayName, project, state } = run;
  return { names: { group, displayName, project, state }, charts: Object.fromEntries(charts), tables };
}

const configOf = (run: StoredRun): Record<string, { value: unknown }> => JSON.parse(run.config);
const marianOf = (run: StoredRun) => (configOf(run)["marian"]?.value ?? {}) as Values;
const argumentsOf = (run: StoredRun) => (configOf(run)["arguments"]?.value ?? {}) as Values;

const runsOf = (server: StandInServer) =>
  new Map([...server.store.runs.values()].map((run) => [run.id, run]));

describe.skipIf(absent)("the runs of the Python module and ours", () => {
  let copy = "";
  let theirs = "";
  beforeAll(() => {
    copy = copyOfCheckout("reference");
    theirs = pythonWith("python", ["setuptools"], [join(copy, "tracking")]);
  });

  it.each(FIXTURES)("are equal for $name", async ({ name, program, args }) => {
    const data = join(copy, "tests/data");
    const environment = { PATH: process.env["PATH"], HOME: folder };
    const [module, own] = await Promise.all([
      publish(`theirs-${name}`, join(theirs, "bin", program), args, environmentOf(theirs), data),
      publish(`ours-${name}`, process.execPath, [binaryPath(program), ...args], environment, data),
    ]);
    const [expected, published] = [runsOf(module), runsOf(own)];
    // The module publishes the metrics in the folder `speed` as two runs; they are those of `quantized`.
    expect([...published.keys()].sort()).toEqual(
      [...expected.keys()].filter((id) => !id.startsWith("speed_")).sort(),
    );
    for (const [id, run] of published) {
      const reference = expected.get(id) as StoredRun;
      const [content, theirs] = [
        contentOf(run, join(folder, `ours-${name}`)),
        contentOf(reference, join(folder, `theirs-${name}`)),
      ];
      expect({ ...content, tables: {} }, id).toEqual({ ...theirs, tables: {} });
      if (id.startsWith("group_logs_")) {
        const [ours, all] = [content, theirs].map(({ tables }) => tables["metrics"]);
        expect(ours?.columns).toEqual(all?.columns);
        const rows = (all?.data ?? [])
          .filter(([, model]) => model !== "speed")
          .map((row) => JSON.stringify(row));
        expect((ours?.data ?? []).map((row) => JSON.stringify(row)).sort()).toEqual(
          [...new Set(rows)].sort(),
        );
      } else expect(content.tables, id).toEqual(theirs.tables);
      // The module's configuration is that of the first start, and its arguments have no flags without a value.
      expect(argumentsOf(run), id).toMatchObject(argumentsOf(reference));
      if (((configOf(run)["segments"]?.value ?? []) as unknown[]).length === 0)
        expect(marianOf(run), id).toEqual(marianOf(reference));
      else expect(Object.keys(marianOf(run)), id).toEqual(Object.keys(marianOf(reference)));
    }
    expect([module.violations, own.violations]).toEqual([[], []]);
  });
});

interface Table {
  readonly columns: readonly string[];
  readonly data: readonly (readonly unknown[])[];
}
