/** Whole archives published by the program, against what the Python module published of them. */
import { readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { freshFolder } from "../cli/run-binary.js";
import { runHere } from "../cli/run-here.js";
import { StandInServer } from "../servers/wandb/index.js";
import { shared, sharedIsThere } from "./shared.js";

type Row = Readonly<Record<string, unknown>>;
type Cells = readonly unknown[];

/** A run, as far as the two can be compared. */
interface PublishedRun {
  readonly group: string;
  readonly sections: readonly string[];
  /** By step. */
  readonly rows: ReadonlyMap<number, Row>;
  /** Cells of the bar charts, by title. */
  readonly charts: ReadonlyMap<string, readonly Cells[]>;
  /** Of the run of a group. */
  readonly table: readonly Cells[];
}

interface Call {
  readonly call: string;
  readonly run?: string;
  readonly step?: number;
  readonly data?: Readonly<Record<string, { _type?: string; table?: { data: Cells[] }; data?: Cells[] }>>;
  readonly kwargs?: { readonly id: string; readonly group: string; readonly config?: Row };
  readonly artifact?: { readonly name: string };
}

/** What the reference published, by run. Of a run that it began twice the rows are merged, as W&B does. */
function recorded(name: string): { runs: Map<string, PublishedRun>; artifacts: string[] } {
  const calls = JSON.parse(readFileSync(shared(`golden/${name}/wandb_calls.json`), "utf8")) as Call[];
  const runs = new Map<string, { -readonly [Key in keyof PublishedRun]: PublishedRun[Key] }>();
  const artifacts: string[] = [];
  for (const { call, kwargs, run: id = kwargs?.id ?? "", step, data, artifact } of calls) {
    if (artifact !== undefined) artifacts.push(artifact.name);
    if (call === "init" && !runs.has(id)) {
      const sections = Object.keys(kwargs?.config ?? {}).sort();
      runs.set(id, { group: kwargs?.group ?? "", sections, rows: new Map(), charts: new Map(), table: [] });
    }
    const run = runs.get(id);
    if (call !== "run.log" || run === undefined) continue;
    if (step !== undefined) {
      run.rows = new Map(run.rows).set(step, { ...run.rows.get(step), ...data });
      continue;
    }
    for (const [title, value] of Object.entries(data ?? {})) {
      if (value._type === "plot.bar") run.charts = new Map(run.charts).set(title, value.table?.data ?? []);
      else run.table = value.data ?? [];
    }
  }
  return { runs, artifacts };
}

let server: StandInServer;
beforeEach(async () => {
  server = await StandInServer.start();
});
afterEach(() => server.close());

/** What our run holds. */
function published(project: string, id: string): PublishedRun {
  const run = server.run(project, id);
  const rows = new Map<number, Row>();
  const charts = new Map<string, readonly Cells[]>();
  let table: readonly Cells[] = [];
  for (const line of server.history(project, id)) {
    const values = Object.entries(line).filter(([key]) => !key.startsWith("_"));
    for (const [key, value] of values) {
      const path = (value as { _type?: string; path?: string } | null)?.path;
      if (path === undefined) continue;
      const { data } = JSON.parse(run.uploads.get(path)?.bytes.toString("utf8") ?? "{}") as { data: Cells[] };
      if (key === "metrics") table = data;
      else charts.set(key.replace(/_table$/, ""), data);
    }
    const plain = values.filter(([, value]) => typeof value !== "object");
    if (plain.length > 0) rows.set(line["_step"] as number, Object.fromEntries(plain));
  }
  const sections = Object.keys(JSON.parse(run.config) as Row)
    .filter((key) => key !== "_wandb")
    .sort();
  return { group: run.group ?? "", sections, rows, charts, table };
}

/** Publishes an archive and returns the ids of a project's runs. */
async function publish(archive: string, mode: string, project: string, code: number): Promise<string[]> {
  const env = { WANDB_BASE_URL: server.url, WANDB_API_KEY: server.apiKey };
  const args = ["-d", shared(`archives/${archive}`), "-m", mode];
  const done = await runHere("parse_experiment_dir", args, { env, folder: freshFolder() });
  expect([done.code, done.stdout]).toEqual([code, ""]);
  expect(server.violations).toEqual([]);
  const runs = [...server.store.runs.values()].filter((run) => run.project === project);
  return runs.map(({ id }) => id).sort();
}

const byText = (one: Cells, other: Cells) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1);

describe.skipIf(!sharedIsThere)("as the reference, but for its defects", () => {
  test.each([
    ["experiments_1_10", "en-nl", "prod"],
    ["experiments_1_12", "fi-en", "opusprod"],
  ])("%s in Snakemake's layout", async (archive, project, group) => {
    const { runs, artifacts } = recorded(`archive_${archive}_snakemake_str`);
    const ids = await publish(archive, "snakemake", project, 0);
    expect(ids).toEqual([...runs.keys()].sort());
    for (const [id, wanted] of runs) {
      const ours = published(project, id);
      expect([id, ours.group]).toEqual([id, wanted.group]);
      expect([id, [...ours.rows]]).toEqual([id, [...wanted.rows].sort(([one], [other]) => one - other)]);
      expect([id, [...ours.charts].sort()]).toEqual([id, [...wanted.charts].sort()]);
      expect(ours.sections).toEqual(expect.arrayContaining([...wanted.sections]));
      expect([...ours.table].sort(byText)).toEqual([...wanted.table].sort(byText));
    }
    expect(artifacts).toEqual([group]);
    const logs = server.store.versions(server.entity, project, group);
    expect(logs).toEqual([expect.objectContaining({ type: "logs", state: "COMMITTED" })]);
    expect(logs[0]?.files.size).toBeGreaterThanOrEqual(10);
  });

  // D-23: the command line of the reference takes Snakemake's mode for the other when it gathers a group's evaluations.
  test.each(["experiments_1_10", "experiments_1_12"])("D-23 in %s: no run speed, no row twice", (archive) => {
    const cli = recorded(`archive_${archive}_snakemake_cli`).runs;
    const meant = recorded(`archive_${archive}_snakemake_str`).runs;
    const more = [...cli.keys()].filter((id) => !meant.has(id));
    expect(more).toEqual([expect.stringMatching(/^speed_/)]);
  });

  test.each([
    ["taskcluster", "_aY25-"],
    ["snakemake", "_baseline_enhu_aY25-4fXTcuJNuMcWXUYtQ"],
  ])("the synthetic archive in the mode %s", async (mode, suffix) => {
    const { runs } = recorded(`archive_synthetic_${mode}`);
    // One file of scores has four numbers, one log names no evaluation: both are named, and the exit code says so.
    const ids = await publish("synthetic", mode, "en-hu", 1);
    const wanted = new Set(runs.keys());
    // D-23: the evaluations below evaluation/speed are the run quantized, once.
    expect(wanted.delete(`speed${suffix}`)).toBe(true);
    // Two folders are the model teacher-1; the reference writes both into one run.
    wanted.add(`teacher-1-2${suffix}`);
    // A folder that names no known model; the reference passes it over.
    wanted.add(`unknownmodel${suffix}`);
    // A group without the id of a task group; the reference passes it over in Taskcluster's mode.
    for (const id of ["student_short", "group_logs_short"]) wanted.add(id);
    expect(ids).toEqual([...wanted].sort());

    const ours = (model: string) => published("en-hu", model + suffix);
    const theirs = (model: string) => runs.get(model + suffix);
    for (const model of ["finetune-student", "student", "student-finetune", "teacher-0"]) {
      const rows = ours(model).rows;
      for (const [step, row] of theirs(model)?.rows ?? []) expect(rows.get(step)).toMatchObject(row);
      expect([...rows.keys()]).toEqual(
        [...(theirs(model)?.rows.keys() ?? [])].sort((one, other) => one - other),
      );
      // D-15: the reference drops a validation that lacks one of three metrics.
      expect(rows.get(5000)).toHaveProperty("chrf");
      expect(theirs(model)?.rows.get(5000)).not.toHaveProperty("chrf");
    }
    // D-26: a bad file of scores costs the reference the whole training.
    expect(theirs("backwards")?.rows.size).toBe(0);
    expect(ours("backwards").rows.size).toBe(15);
    expect(ours("backwards").charts.size).toBe(0);

    for (const model of ["teacher-0", "quantized", "teacher-ensemble"])
      expect([...ours(model).charts]).toEqual([...(theirs(model)?.charts ?? [])]);
    // A file without an importer is kept, as "unknown".
    expect(new Map(ours("student").charts)).toEqual(
      new Map([...(theirs("student")?.charts ?? []), ["unknown_devtest", expect.any(Array)]]),
    );
    // D-36: evaluations from elsewhere than the folder of the model are part of its run too.
    expect([...ours("teacher-1").charts.keys()]).toEqual(["flores_devtest"]);
    expect(theirs("teacher-1")?.charts.size).toBe(0);

    const table = ours("group_logs").table;
    const key = (row: Cells) => JSON.stringify(row.slice(0, 5));
    expect(new Set(table.map(key)).size).toBe(table.length);
    const known = new Map(table.map((row) => [key(row), row]));
    for (const row of theirs("group_logs")?.table ?? []) {
      if (row[1] === "speed") continue;
      // The same evaluation is there from its log, without COMET, and from its file.
      const found = known.get(key(row));
      expect(found?.slice(5)).toEqual(
        row[7] === null ? expect.arrayContaining([row[5], row[6]]) : row.slice(5),
      );
    }
  });

  test.each(["experiments_1_10", "experiments_1_12"])(
    "%s in the mode of Taskcluster: the reference passes all of it over, ours says why names differ",
    async (archive) => {
      expect(recorded(`archive_${archive}_taskcluster_cli`).runs.size).toBe(0);
      const project = archive === "experiments_1_10" ? "en-nl" : "fi-en";
      expect((await publish(archive, "taskcluster", project, 0)).length).toBeGreaterThan(0);
    },
  );
});
