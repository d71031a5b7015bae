/** One evaluation, published from its task and from anywhere. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { check, eventually, filesBelow, freshFolder, type Run, startBinary } from "../cli/run-binary.js";
import { runHere } from "../cli/run-here.js";
import { ownGroup, TaskclusterStandIn } from "../servers/taskcluster/index.js";
import { StandInServer } from "../servers/wandb/index.js";

const SECRET = "project/translations/level-1/weights-and-biases";
const GROUP = "ZowUkamoRKuDlb4uAeTvgg";
let wandb: StandInServer;
let taskcluster: TaskclusterStandIn;
/** A task of the group by its label. */
const ids = new Map<string, string>();

beforeAll(async () => {
  wandb = await StandInServer.start();
  const group = ownGroup("fjord");
  for (const { task, status } of group.tasks) ids.set(task.metadata.name, status.taskId);
  taskcluster = await TaskclusterStandIn.start({
    groups: [group],
    secrets: { [SECRET]: { token: wandb.apiKey } },
  });
});
afterAll(async () => {
  await wandb.close();
  await taskcluster.close();
});

interface Table {
  readonly columns: readonly string[];
  readonly data: readonly (readonly unknown[])[];
}

const metricsJson = (scores: Readonly<Record<string, number>>) =>
  JSON.stringify(
    Object.fromEntries(Object.entries(scores).map(([name, score]) => [name, { score, details: {} }])),
  );

function evaluate(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  files: Readonly<Record<string, string>> = {},
): Promise<Run> {
  const folder = freshFolder(files);
  return runHere("run", ["eval", ...args], {
    folder,
    env: { HOME: folder, WANDB_BASE_URL: wandb.url, ...env },
  });
}

const inTask = (label: string): Record<string, string> => ({
  TASK_ID: ids.get(label) ?? "",
  TASKCLUSTER_PROXY_URL: taskcluster.url,
  TASKCLUSTER_SECRET: SECRET,
  WANDB_PUBLICATION: "True",
  MOZ_AUTOMATION: "1",
});

const outside = (): Record<string, string> => ({ WANDB_API_KEY: wandb.apiKey });

/** The table that the run of a group shows. */
function groupTable(project: string, id: string, key = "metrics"): Table {
  const run = wandb.run(project, id);
  const { path = "" } = (JSON.parse(run.summary) as Record<string, { path?: string }>)[key] ?? {};
  return JSON.parse(run.uploads.get(path)?.bytes.toString() ?? "") as Table;
}

describe("in an evaluation task", () => {
  const label = () => [...ids.keys()].filter((name) => name.startsWith("evaluate-"))[0] ?? "";

  test("everything is known from the task; a metric more, no COMET", async () => {
    const env = { ...inTask(label()), WANDB_AUTHOR: "me@example.com" };
    const done = await evaluate(["--metrics-json", "a.metrics.json", "--json"], env, {
      "a.metrics.json": metricsJson({ bleu: 35.25, chrf: 61.5, "unaligned-ratio": 0.125 }),
    });
    expect(done.code).toBe(0);
    expect(done.stderr).toMatch(/^publishing to Weights & Biases; .*\n$/);
    const receipt = JSON.parse(done.stdout) as Record<string, unknown>;
    expect(receipt).toMatchObject({
      project: "nb-en",
      group: `fjord_${GROUP}`,
      evaluation: { metrics: { bleu_detok: 35.25, chrf: 61.5, "unaligned-ratio": 0.125 } },
      undelivered: [],
      exit_code: 0,
    });
    const run = wandb.run("nb-en", String(receipt["run"]));
    expect([run.group, run.tags]).toEqual([`fjord_${GROUP}`, ["taskcluster", "author:me@example.com"]]);
    const { columns, data } = groupTable("nb-en", "group_logs_ZowUk");
    expect(columns).toEqual("Group Model Importer Dataset Augmenation bleu_detok chrf comet".split(" "));
    expect(data).toHaveLength(1);
    expect(data[0]?.[1]).toBe(receipt["run"]);
    expect(data[0]?.slice(5)).toEqual([35.25, 61.5, null]);
    const further = groupTable("nb-en", "group_logs_ZowUk", "group_metrics");
    expect(further.columns.at(-1)).toBe("unaligned-ratio");
    expect(further.data[0]?.at(-1)).toBe(0.125);
    const config = JSON.parse(wandb.run("nb-en", "group_logs_ZowUk").config) as Record<
      string,
      { value: unknown }
    >;
    expect(config["experiment"]?.value).toMatchObject({ name: "fjord", src: "nb", trg: "en" });
    expect(done.stdout + done.stderr).not.toContain(wandb.apiKey);
  });

  test("the key of the environment is taken, and the secret is not asked for", async () => {
    const before = taskcluster.count("secret");
    const env = { ...inTask(label()), ...outside() };
    const done = await evaluate(["--metric", "bleu=1", "--metric", "chrf=2", "-q"], env);
    check(done, { code: 0 });
    expect(taskcluster.count("secret")).toBe(before);
  });

  test("WANDB_PUBLICATION=false publishes nothing", async () => {
    const before = wandb.requests.length;
    const done = await evaluate(["--metric", "bleu=1"], { ...inTask(label()), WANDB_PUBLICATION: "false" });
    check(done, { code: 0, stderr: /^nothing is published/ });
    expect(wandb.requests.length).toBe(before);
  });

  test("a task that is no evaluation needs a label", async () => {
    const task = inTask("train-teacher-model-nb-en-2");
    check(await evaluate(["--metric", "bleu=1"], task), {
      code: 2,
      stderr: /names no evaluation: give --label/,
    });
  });

  test("without its secret the scores go to the offline file", async () => {
    const env = { ...inTask(label()), TASKCLUSTER_SECRET: "project/other" };
    const done = await evaluate(["--metric", "bleu=1"], env);
    expect(done.code).toBe(3);
    expect(done.stderr).toMatch(/not delivered: the secret project\/other/);
    expect(readdirSync(join(done.folder, "wandb")).length).toBeGreaterThan(0);
  });
});

describe("anywhere", () => {
  const group = "--wandb-project p --wandb-group exp_aY25-4fXTcuJNuMcWXUYtQ".split(" ");

  test("eight at once on one group: eight rows, eight charts", async () => {
    const datasets = ["one", "two", "three", "four", "five", "six", "seven", "eight"];
    const runs = await Promise.all(
      datasets.map((dataset, index) =>
        evaluate(
          [
            "--metric",
            `bleu=${30 + index}`,
            "--metric",
            "comet=0.875",
            ...group,
            "--label",
            `evaluate-student-flores-${dataset}-cs-en`,
          ],
          outside(),
        ),
      ),
    );
    expect(runs.map(({ code, stderr }) => [code, code === 0 ? "" : stderr])).toEqual(runs.map(() => [0, ""]));
    const { data } = groupTable("p", "group_logs_aY25-");
    expect(data.map((row) => row[3]).sort()).toEqual([...datasets].sort());
    for (const row of data)
      expect([row[1], row[5], row[7]]).toEqual([
        "student_aY25-",
        30 + datasets.indexOf(String(row[3])),
        87.5,
      ]);
    const summary = JSON.parse(wandb.run("p", "student_aY25-").summary) as Record<string, unknown>;
    expect(
      Object.keys(summary)
        .filter((key) => key.endsWith("_table"))
        .sort(),
    ).toEqual(datasets.map((dataset) => `flores_${dataset}_table`).sort());
  });

  test("the table calls the model by the run that the command line names", async () => {
    const place = ["--wandb-project", "named", "--wandb-group", "exp_aY25-4fXTcuJNuMcWXUYtQ"];
    const evaluationOf = (dataset: string, ...more: string[]) =>
      evaluate(
        [
          "-q",
          "--metric",
          "chrf=50",
          ...place,
          "--label",
          `evaluate-student-flores-${dataset}-cs-en`,
          ...more,
        ],
        outside(),
      );
    const named = ["--wandb-run-name", "my-student"];
    for (const done of [
      await evaluationOf("one", ...named),
      await evaluationOf("two"),
      await evaluationOf("one", ...named),
    ])
      check(done, { code: 0 });
    const { data } = groupTable("named", "group_logs_aY25-");
    expect(data.map((row) => [row[1], row[3]])).toEqual([
      ["my-student", "one"],
      ["student_aY25-", "two"],
    ]);
    expect(Object.keys(JSON.parse(wandb.run("named", "my-student").summary))).toContain("flores_one_table");
  });

  test("one that was killed between its run and the table is brought in by the next", async () => {
    const args = (dataset: string) => {
      const place = ["--wandb-project", "killed", "--wandb-group", "exp_bY25-4fXTcuJNuMcWXUYtQ"];
      const label = `evaluate-student-flores-${dataset}-cs-en`;
      return ["eval", "--metric", "chrf=50", ...place, "--label", label];
    };
    const folder = freshFolder();
    const options = { folder, env: { HOME: folder, WANDB_BASE_URL: wandb.url, ...outside() } };
    const runOfGroup = (): boolean =>
      wandb.requests.some(({ body }) => body.toString().includes('"group_logs_bY25-"'));
    wandb.inject({ operation: "RunResumeStatus", fault: { kind: "hang" }, after: 3, times: 1 });
    const first = startBinary("run", args("one"), options);
    await eventually(runOfGroup, first);
    first.child.kill("SIGKILL");
    await first.done;
    wandb.heal();
    expect(wandb.store.run(wandb.entity, "killed", "group_logs_bY25-")).toBeUndefined();
    check(await runHere("run", args("two"), options), { code: 0, stderr: /wrote .*group_logs_bY25-/ });
    const { data } = groupTable("killed", "group_logs_bY25-");
    expect(data.map((row) => [row[1], row[3], row[6]])).toEqual([
      ["student_bY25-", "one", 50],
      ["student_bY25-", "two", 50],
    ]);
  });

  test("a server that does not answer is waited for once, and the first line comes at once", async () => {
    const server = await StandInServer.start();
    server.inject({ fault: { kind: "hang" }, times: Number.POSITIVE_INFINITY });
    const place = ["--wandb-project", "silent", "--wandb-group", "exp_bY25-4fXTcuJNuMcWXUYtQ"];
    const label = ["--label", "evaluate-student-flores-devtest-cs-en"];
    const folder = freshFolder();
    const env = { HOME: folder, WANDB_BASE_URL: server.url, WANDB_API_KEY: server.apiKey };
    try {
      const args = ["eval", "--metric", "chrf=50", ...place, ...label, "--retry-for", "1s"];
      const done = await runHere("run", args, { folder, env });
      expect(done.code).toBe(3);
      expect(done.stderr).toMatch(/^publishing to Weights & Biases; what is not taken within 1 s goes/);
      const asked = server.requests.map(({ body }) => body.toString());
      expect(asked.some((body) => body.includes('"student_bY25-"'))).toBe(true);
      expect(asked.some((body) => body.includes('"group_logs_bY25-"'))).toBe(false);
      const offline = filesBelow(folder).filter((path) => path.endsWith(".wandb"));
      expect(offline.map((path) => /run-([^/]*)\.wandb$/.exec(path)?.[1]).sort()).toEqual([
        "group_logs_bY25-",
        "student_bY25-",
      ]);
    } finally {
      await server.close();
    }
  });

  test("stopped before a server that hangs, ends with both of its runs in offline files", async () => {
    const server = await StandInServer.start();
    server.inject({ fault: { kind: "hang" }, times: Number.POSITIVE_INFINITY });
    const place = ["--wandb-project", "stopped", "--wandb-group", "exp_bY25-4fXTcuJNuMcWXUYtQ"];
    const args = [
      "eval",
      "--metric",
      "chrf=50",
      ...place,
      "--label",
      "evaluate-student-flores-devtest-cs-en",
    ];
    const folder = freshFolder();
    const env = { HOME: folder, WANDB_BASE_URL: server.url, WANDB_API_KEY: server.apiKey };
    const live = startBinary("run", args, { folder, env });
    try {
      await eventually(() => server.requests.length > 0, live);
      live.child.kill("SIGTERM");
      const done = await live.done;
      expect([done.code, done.signal]).toEqual([143, null]);
      const offline = filesBelow(folder).filter((path) => path.endsWith(".wandb"));
      expect(offline.map((path) => /run-([^/]*)\.wandb$/.exec(path)?.[1]).sort()).toEqual([
        "group_logs_bY25-",
        "student_bY25-",
      ]);
    } finally {
      await server.close();
    }
  });

  test.each([
    [[], 2, /no scores: give --metrics-json FILE or --metric NAME=NUMBER/],
    [["--metric", "bleu"], 2, /--metric 'bleu': write NAME=NUMBER/],
    [["--metric", "bleu=1", ...group], 2, /not known outside a task: give --label/],
    [["--metric", "bleu=1", "--label", "train-teacher-model-cs-en", ...group], 2, /names no evaluation/],
    [["--metric", "bleu=1", "--label", "evaluate-student-flores-devtest-cs-en"], 2, /no project is named/],
    [["--metrics-json", "no.metrics.json", ...group], 1, /no\.metrics\.json: there is no such file/],
    [
      ["--metrics-json", "bad.metrics.json", ...group],
      1,
      /bad\.metrics\.json: the \.metrics\.json file is not JSON/,
    ],
  ] as const)("%j ends with %i", async (args, code, stderr) => {
    check(await evaluate(args, outside(), { "bad.metrics.json": "{" }), { code, stderr });
  });

  test("without a key it says so", async () => {
    const args = ["--metric", "bleu=1", "--label", "evaluate-student-flores-devtest-cs-en", ...group];
    check(await evaluate(args, {}), { code: 2, stderr: /no W&B API key was found: set WANDB_API_KEY/ });
  });
});
