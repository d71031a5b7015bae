/** The composite action: its steps, run as the runner of GitHub does. */
import { chmodSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { projectWithPackage } from "../browser/packed-package.js";
import { freshFolder, result, runShell } from "./run-binary.js";
import { start, train, valid } from "./sample-logs.js";

interface Step {
  readonly id?: string;
  readonly run?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly with?: Readonly<Record<string, string>>;
}

interface Action {
  readonly inputs: Readonly<Record<string, { readonly default?: string; readonly required?: boolean }>>;
  readonly outputs: Readonly<Record<string, { readonly value: string }>>;
  readonly runs: { readonly using: string; readonly steps: readonly Step[] };
}

const root = fileURLToPath(new URL("../../", import.meta.url));
const action = parse(readFileSync(`${root}action.yml`, "utf8")) as Action;
const LOG = `${start()}${train(100)}${valid(100, "chrf", 40)}${train(200)}[2024-07-03 11:00:00] Training finished\n`;

/** Runs a step with these inputs; the values of its variables come from them and from earlier outputs. */
async function runStep(
  id: string,
  values: Readonly<Record<string, string>>,
  folder = freshFolder(),
  PATH = process.env["PATH"] ?? "",
) {
  const step = action.runs.steps.find((candidate) => candidate.id === id);
  if (step?.run === undefined) throw new Error(`there is no step ${id}`);
  const env = Object.fromEntries(
    Object.entries(step.env ?? {}).map(([name, expression]) => {
      const [, key = ""] = /^\$\{\{ (.+) \}\}$/.exec(expression) ?? [];
      const input = key.startsWith("inputs.") ? key.slice("inputs.".length) : undefined;
      return [
        name,
        values[input ?? key] ?? (input === undefined ? "" : (action.inputs[input]?.default ?? "")),
      ];
    }),
  );
  const files = { GITHUB_STEP_SUMMARY: `${folder}/summary.md`, GITHUB_OUTPUT: `${folder}/output` };
  const run = await runShell('exec bash --noprofile --norc -eo pipefail -c "$1"', ["sh", step.run], {
    folder,
    env: {
      ...env,
      ...files,
      PATH,
      ...("PROGRAM" in env ? { PROGRAM: `${root}bin/run.js` } : {}),
      GITHUB_ACTION_PATH: root.replace(/\/$/, ""),
      RUNNER_TEMP: folder,
    },
  });
  return run;
}

describe("the action", () => {
  it("names inputs and outputs that exist, and has no input in a command", () => {
    const text = JSON.stringify(action);
    for (const [, name = ""] of text.matchAll(/inputs\.([\w-]+)/g))
      expect(Object.keys(action.inputs)).toContain(name);
    for (const [, id = ""] of text.matchAll(/steps\.([\w-]+)/g))
      expect(action.runs.steps.map((step) => step.id)).toContain(id);
    for (const { run } of action.runs.steps) expect(run ?? "").not.toContain("${{");
    expect(action.runs.using).toBe("composite");
  });

  it.each([
    ["", `marian-tracking@${JSON.parse(readFileSync(`${root}package.json`, "utf8")).version}`],
    ["latest", "marian-tracking@latest"],
  ])("installs the version '%s'", async (version, wanted) => {
    const folder = freshFolder({ "bin/npm": '#!/bin/sh\nshift\necho "$@"\n' });
    chmodSync(`${folder}/bin/npm`, 0o755);
    const run = await runStep("install", { version }, folder, `${folder}/bin:${process.env["PATH"]}`);
    expect(run.code, run.stderr).toBe(0);
    expect(run.stdout).toContain(`--prefix ${folder}/marian-tracking `);
    expect(run.stdout.trim().split(" ").at(-1)).toBe(wanted);
    expect(result(run, "output")).toBe(
      `program=${folder}/marian-tracking/node_modules/marian-tracking/bin/run.js\n`,
    );
  });

  it("refuses a version that is none", async () => {
    const run = await runStep("install", { version: "1; exit" });
    expect([run.code, run.stdout]).toEqual([2, expect.stringContaining("::error::The input 'version'")]);
  });

  it("checks, draws, and tells the page of the job", async () => {
    const folder = freshFolder({
      "logs/a b.log": LOG,
      "logs/$(touch taken).log": LOG,
      "evaluation/student/flores_devtest.metrics": "30\n55\n",
    });
    const inputs = { logs: "  logs/*.log\n\n", more: "evaluation\n", title: "nightly; exit 7" };
    const run = await runStep("report", inputs, folder);
    expect(run.code, run.stderr).toBe(0);
    expect(result(run, "output")).toBe("check=0\nreport=0\ndrawn=true\n");
    expect(result(run, "summary.md")).toMatch(/^## `nightly; exit 7`\n\n2 trainings, 0 errors/);
    expect(result(run, "marian-report.html")).toContain("<title>nightly; exit 7</title>");
    expect(() => result(run, "taken")).toThrow();
  });

  it("draws what the check finds fault with, and hands the verdict over", async () => {
    const broken = LOG.replaceAll(/Cost [\d.]+/g, "Cost nan");
    const folder = freshFolder({ "train.log": broken });
    const run = await runStep("report", { logs: "train.log\ngone.log" }, folder);
    expect(run.code, run.stderr).toBe(0);
    expect(run.stdout).toMatch(
      /^::error file=train\.log,line=\d+,title=nan::cost is NaN from update 100 to 200/m,
    );
    expect(run.stdout).toContain("::error file=gone.log::gone.log: there is no such file\n");
    expect(result(run, "output")).toBe("check=1\nreport=1\ndrawn=true\n");
    expect(result(run, "summary.md")).toContain("- `gone.log`: there is no such file");
    const kind = await runStep(
      "report",
      { logs: "train.log", "check-flags": "--ignore\nnan" },
      freshFolder({ "train.log": broken }),
    );
    expect(result(kind, "output")).toBe("check=0\nreport=0\ndrawn=true\n");
  });

  it("takes a report and a title that look like flags, and lines of Windows", async () => {
    const folder = freshFolder({ "train.log": LOG });
    const inputs = { logs: "train.log\r\n", report: "--new page.html", title: "--nightly" };
    const run = await runStep("report", inputs, folder);
    expect(run.code, run.stderr).toBe(0);
    expect(result(run, "output")).toBe("check=0\nreport=0\ndrawn=true\n");
    expect(result(run, "--new page.html")).toContain("<title>--nightly</title>");
  });

  it("fails with words where there is no log to read, and has no page of another day", async () => {
    const blank = await runStep("report", { logs: " \n" });
    expect([blank.code, blank.stdout]).toEqual([2, expect.stringContaining("'logs' names no log")]);
    const folder = freshFolder({ "marian-report.html": "old" });
    const none = await runStep("report", { logs: "logs/*.log" }, folder);
    expect(none.stderr).toContain("no file matches 'logs/*.log'");
    expect([none.code, result(none, "output")]).toEqual([0, "check=2\nreport=2\n"]);
  });

  it.each([
    ["0", "0", "true", 0],
    ["1", "0", "true", 1],
    ["0", "1", "true", 1],
    ["1", "1", "false", 0],
    ["2", "0", "false", 1],
    ["0", "3", "false", 1],
  ])("with check %s, report %s and fail %s ends with %d", async (check, report, fail, code) => {
    const values = { "steps.report.outputs.check": check, "steps.report.outputs.report": report, fail };
    expect((await runStep("verdict", values)).code).toBe(code);
  });
});

describe("the examples of jobs", () => {
  const example = (name: string) => parse(readFileSync(`${root}jobs/ci/${name}`, "utf8"));

  it("of GitHub give the action inputs that it has", () => {
    const workflow = example("github.yml") as {
      jobs: { report: { steps: readonly (Step & { uses: string })[] } };
    };
    const step = workflow.jobs.report.steps.find(({ uses }) => uses.includes("/marian-tracking@"));
    expect(Object.keys(step?.with ?? {}).filter((name) => !(name in action.inputs))).toEqual([]);
    expect(step?.with).toHaveProperty("logs");
  });

  it.each([0, 7])(
    "of Taskcluster keep findings and page, and end as a training that ended with %d",
    async (code) => {
      const { run: task, worker } = example("taskcluster.yml") as {
        run: { command: readonly string[] };
        worker: { artifacts: readonly { path: string }[] };
      };
      const [shell = "", flag = "", script = ""] = task.command;
      const packed = `${projectWithPackage()}/node_modules/marian-tracking`;
      const folder = freshFolder({
        "train.log": LOG.replaceAll(/Cost [\d.]+/g, "Cost nan"),
        "bin/npm": "#!/bin/sh\n",
        "bin/marian-tracking": `#!/bin/sh\nexec "${process.execPath}" "${packed}/bin/run.js" "$@"\n`,
      });
      for (const name of ["npm", "marian-tracking"]) chmodSync(`${folder}/bin/${name}`, 0o755);
      const env = {
        PATH: `${folder}/bin:${process.env["PATH"]}`,
        TRAIN: `mkdir artifacts && cp train.log artifacts && exit ${code}`,
      };
      const run = await runShell('exec "$1" "$2" "$3"', ["sh", shell, flag, script], { folder, env });
      expect(run.code, run.stderr).toBe(code);
      const [{ path = "" } = {}] = worker.artifacts;
      expect(JSON.parse(result(run, `${path}/findings.json`))).toMatchObject({ exit_code: 1 });
      expect(result(run, `${path}/summary.md`)).toContain("- error: `train`");
      expect(result(run, `${path}/report.html`)).toContain("<title>train</title>");
    },
  );
});
