/** Held to what the reference published of three archives. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Group } from "../../src/archive/group.js";
import type { ArchiveMode } from "../../src/archive/layout.js";
import { completeLog } from "../../src/archive/validation-log/join.js";
import { JoinedLog } from "../../src/archive/validation-log/joined-log.js";
import type { Evaluation } from "../../src/evaluation/evaluation.js";
import { evaluationTitle } from "../../src/evaluation/naming/dataset.js";
import { shared, sharedIsThere } from "../golden/shared.js";
import { readArchive } from "./tree.js";

/** A row of the table of evaluations, or of a chart. */
type Row = readonly (string | number | null)[];
interface Plot {
  readonly columns?: readonly string[];
  readonly data?: readonly Row[];
  readonly table?: { readonly data: readonly Row[] };
}
interface Call {
  readonly call: string;
  readonly run?: string;
  readonly kwargs?: {
    readonly id: string;
    readonly project: string;
    readonly group: string;
    readonly config: unknown;
  };
  readonly step?: number;
  readonly data?: Readonly<Record<string, Plot>>;
  readonly artifact?: { readonly name: string; readonly add_dir: readonly string[] };
}

/** What the reference published of a group. */
class Recorded {
  readonly ids: string[] = [];
  readonly charts = new Map<string, Map<string, readonly Row[]>>();
  rows: readonly Row[] = [];
  config: unknown;
  logsFolder: string | undefined;

  static read(golden: string): Map<string, Recorded> {
    const groups = new Map<string, Recorded>();
    const groupOfRun = new Map<string, Recorded>();
    for (const call of JSON.parse(
      readFileSync(shared(`golden/${golden}/wandb_calls.json`), "utf8"),
    ) as Call[]) {
      if (call.call === "init" && call.kwargs !== undefined) {
        const { id, project, group, config } = call.kwargs;
        const recorded = groups.get(`${project}/${group}`) ?? new Recorded();
        groups.set(`${project}/${group}`, recorded);
        groupOfRun.set(id, recorded);
        recorded.ids.push(id);
        if (id.startsWith("group_logs")) recorded.config = config;
      }
      const recorded = groupOfRun.get(call.run ?? "");
      if (call.artifact !== undefined && recorded !== undefined)
        recorded.logsFolder = call.artifact.add_dir[0];
      if (call.step !== undefined) continue;
      for (const [title, plot] of Object.entries(call.data ?? {})) {
        if (title === "metrics") {
          expect(plot.columns).toEqual(TABLE_COLUMNS);
          if (recorded !== undefined) recorded.rows = plot.data ?? [];
        } else recorded?.addChart(call.run ?? "", title, plot.table?.data ?? []);
      }
    }
    return groups;
  }

  addChart(run: string, title: string, data: readonly Row[]): void {
    const charts = this.charts.get(run) ?? new Map<string, readonly Row[]>();
    this.charts.set(run, charts.set(title, data));
  }
}

/** As the reference spells them. */
const TABLE_COLUMNS = ["Group", "Model", "Importer", "Dataset", "Augmenation", "bleu_detok", "chrf", "comet"];

const rowsOf = ({ name, evaluations }: Group): Row[] =>
  evaluations.map(({ run: model, importer, dataset, augmentation, metrics }) => {
    const scores = ["bleu_detok", "chrf", "comet"].map((metric) => metrics.get(metric) ?? null);
    return [name, model, importer, dataset, augmentation, ...scores];
  });

const chartsOf = (evaluations: readonly Evaluation[]) =>
  new Map(evaluations.map((evaluation) => [evaluationTitle(evaluation), [...evaluation.metrics]]));

/** The ids of a group, that of its `group_logs` last. */
const idsOf = ({ runs, suffix }: Group) => [...runs.map(({ id }) => id), `group_logs${suffix}`];

/** Each row once, as D-23 wants it, without the run `speed` that is `quantized` again. */
function withoutD23({ rows, ids }: Recorded) {
  const once = new Map(rows.map((row) => [JSON.stringify(row), row]));
  return {
    rows: [...once.values()].filter(([, model]) => model !== "speed"),
    ids: ids.filter((id) => !id.startsWith("speed_")),
  };
}

describe.skipIf(!sharedIsThere)("archives of Snakemake", () => {
  const archives = [
    { archive: "experiments_1_10", group: "en-nl/prod", trainings: 3, rows: 18 },
    { archive: "experiments_1_12", group: "fi-en/opusprod", trainings: 2, rows: 12 },
  ];
  const modes: (ArchiveMode | undefined)[] = ["snakemake", "taskcluster", undefined];
  const cases = archives.flatMap((one) => modes.map((mode) => ({ ...one, mode })));

  test.each(cases)("$archive, mode $mode: runs, table, charts, configuration", async (one) => {
    const recorded = Recorded.read(`archive_${one.archive}_snakemake_str`).get(one.group);
    if (recorded === undefined) throw new Error("nothing was recorded");
    const { groups, problems } = await readArchive(shared(`archives/${one.archive}`), { mode: one.mode });
    const [group] = groups;
    expect(groups).toHaveLength(1);
    if (group === undefined) return;
    expect(`${group.project}/${group.name}`).toBe(one.group);
    expect(idsOf(group).sort()).toEqual(recorded.ids.sort());
    expect(rowsOf(group)).toEqual(recorded.rows);
    expect(recorded.rows).toHaveLength(one.rows);
    for (const run of group.runs) expect(chartsOf(run.evaluations)).toEqual(recorded.charts.get(run.id));
    expect(group.config).toEqual(recorded.config);
    expect(recorded.logsFolder?.endsWith(group.logsFolder?.slice(shared("archives").length) ?? "-")).toBe(
      true,
    );
    expect(group.runs.filter(({ log }) => log !== undefined)).toHaveLength(one.trainings);
    // In the mode of Taskcluster the reference leaves out groups without an id.
    const expected = one.mode === "taskcluster" ? [expect.stringContaining(`warning: ${one.group}:`)] : [];
    expect(problems).toEqual(expected);
  });

  test.each(archives)(
    "$archive: the real command adds the run `speed` and rows twice (D-23)",
    async (one) => {
      const recorded = Recorded.read(`archive_${one.archive}_snakemake_cli`).get(one.group);
      if (recorded === undefined) throw new Error("nothing was recorded");
      expect(recorded.ids.some((id) => id.startsWith("speed_"))).toBe(true);
      const wanted = withoutD23(recorded);
      expect(wanted.rows.length).toBeLessThan(recorded.rows.length);
      const { groups } = await readArchive(shared(`archives/${one.archive}`), { mode: "snakemake" });
      expect(groups.flatMap(rowsOf)).toEqual(wanted.rows);
      expect(groups.flatMap(idsOf).sort()).toEqual(wanted.ids.sort());
    },
  );

  test.each(archives)(
    "$archive: the logs have all that is in the logs of validations",
    async ({ archive }) => {
      const { groups } = await readArchive(shared(`archives/${archive}`));
      const runs = groups.flatMap((group) => group.runs).filter(({ log }) => log !== undefined);
      for (const { log, validationLog } of runs) {
        expect(validationLog).toBeDefined();
        if (log !== undefined && validationLog !== undefined)
          expect(await completeLog(log, validationLog)).not.toBeInstanceOf(JoinedLog);
      }
    },
  );
});

describe.skipIf(!sharedIsThere)("the synthetic archive", () => {
  const NAME = "baseline_enhu_aY25-4fXTcuJNuMcWXUYtQ";
  const cases = [
    { mode: "taskcluster", suffix: "_aY25-" },
    { mode: "snakemake", suffix: `_${NAME}` },
  ] as const;

  test.each(cases)("mode $mode: runs, table, charts, configuration", async ({ mode, suffix }) => {
    const recorded = Recorded.read(`archive_synthetic_${mode}`).get(`en-hu/${NAME}`);
    if (recorded === undefined) throw new Error("nothing was recorded");
    const { groups, problems } = await readArchive(shared("archives/synthetic"), { mode });
    const [group, short] = groups;
    if (group === undefined || short === undefined) throw new Error("groups are missing");
    expect(groups.map(({ name }) => name)).toEqual([NAME, "short"]);

    // `teacher` and `teacher-1` are both teacher-1, which the reference publishes into one run; the second is another.
    const doubles = recorded.ids.filter((id, index) => recorded.ids.indexOf(id) !== index);
    expect(doubles).toEqual([`teacher-1${suffix}`]);
    // A folder that names no known model is a run of its own, not an error.
    const added = [`teacher-1-2${suffix}`, `unknownmodel${suffix}`];
    const ids = [...new Set(withoutD23(recorded).ids), ...added];
    expect(idsOf(group).sort()).toEqual(ids.sort());

    const rows = withoutD23(recorded).rows.filter(
      // D-36: the table has an evaluation as often as there are files of it.
      ([, model, importer, , augmentation, , , comet]) =>
        !(model === "student" && importer === "flores" && augmentation === null && comet === null),
    );
    // D-35: no importer is no reason to leave out an evaluation.
    const unknown = [NAME, "student", "unknown", "devtest", null, 1, 2, null];
    expect(new Set(rowsOf(group))).toEqual(new Set([...rows, unknown]));

    for (const run of group.runs) {
      const charts = new Map(recorded.charts.get(run.id));
      if (run.name === "student")
        charts.set("unknown_devtest", [
          ["bleu_detok", 1],
          ["chrf", 2],
        ]);
      // D-36: scores below `logs/` never reach the run of a training.
      if (run.id === `teacher-1${suffix}`)
        charts.set("flores_devtest", [
          ["bleu_detok", 24],
          ["chrf", 54],
          ["comet", 90],
        ]);
      expect(chartsOf(run.evaluations)).toEqual(charts);
    }
    expect(group.config).toEqual(recorded.config);

    // D-26: four numbers in the metrics of `backward` cost its training too.
    const backwards = group.runs.find(({ name }) => name === "backwards");
    expect(backwards).toMatchObject({ id: `backwards${suffix}`, evaluations: [] });
    expect(backwards?.log?.name).toContain("/backward/train.log");
    expect(problems.filter((problem) => problem.startsWith("failure:"))).toEqual([
      expect.stringContaining("eval_nonsense.log"),
      expect.stringContaining("evaluation/backward/flores_devtest.metrics"),
    ]);

    // A group without an id: the reference leaves it out in the mode of Taskcluster.
    expect(short).toMatchObject({ suffix: "_short", evaluations: [] });
    expect(short.runs.map(({ id }) => id)).toEqual(["student_short"]);
    expect(problems.some((problem) => problem.startsWith("warning: en-hu/short:"))).toBe(
      mode === "taskcluster",
    );
  });

  test("without a mode it is Taskcluster's", async () => {
    const { archive, groups } = await readArchive(shared("archives/synthetic"));
    expect(archive.modes).toEqual(["taskcluster"]);
    expect(groups.map((group) => group.suffix)).toEqual(["_aY25-", "_short"]);
  });

  test("all three in one folder are one archive", async () => {
    const { groups } = await readArchive(shared("archives"));
    expect(groups.map(({ project, name }) => `${project}/${name}`)).toEqual([
      `en-hu/${NAME}`,
      "en-hu/short",
      "en-nl/prod",
      "fi-en/opusprod",
    ]);
  });
});
