/**
 * The package in the tasks of mozilla/translations: both changes of docs/adopt-mozilla.md in a copy of a checkout, with
 * their training scripts, OpusTrainer and a real Marian on the CPU.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { buildWheel } from "../python/build-wheel.js";
import { startTaskServers, type TaskServers } from "../servers/task-servers.js";
import type { TaskclusterStandIn } from "../servers/taskcluster/index.js";
import type { StandInServer } from "../servers/wandb/index.js";
import { parseRow } from "../servers/wandb/json-lines.js";
import { absent, apply, copyOfCheckout, environmentOf, folder, pythonWith, run } from "./adopt/mozilla.js";

const TRAINING = { task: "BWttdfxdQ3aBIFP29lDaAg", run: "teacher-2_ZowUk" };
const EVALUATION = { task: "RMlI9-NsQHmeoS9--MBd8A", run: "teacher-1_ZowUk" };
const SECRET = "project/translations/level-1/weights-and-biases";
const marian = join(folder, "marian");
const STEPS = ["one-file", "full-change"] as const;
type Step = (typeof STEPS)[number];

let dist = "";
let servers: TaskServers;
let wandb: StandInServer;
let taskcluster: TaskclusterStandIn;
const copies: Partial<Record<Step, { readonly copy: string; readonly venv: string }>> = {};

/** The copy with a change in it, and an environment in which the commands of the kinds have been run. */
function changed(step: Step) {
  const known = copies[step];
  if (known) return known;
  const copy = copyOfCheckout(step);
  apply(step, copy);
  const kind = readFileSync(join(copy, "taskcluster/kinds/train-teacher-model/kind.yml"), "utf8");
  if (step === "full-change") {
    // The hashes of what is released; the wheel of today is not.
    const requirements = ["train", "tracking"].map((name) => `pipeline/${name}/requirements/${name}`);
    const tools = pythonWith("pip-tools", ["pip<25.1", "pip-tools==7.4.1", "setuptools<80"]);
    for (const name of requirements)
      run(
        join(tools, "bin/pip-compile"),
        ["--quiet", "--generate-hashes", "--allow-unsafe", "--find-links", dist, `${name}.in`],
        { cwd: copy, env: environmentOf(tools) },
      );
  }
  const installs = [...kind.matchAll(/uv pip install (?<what>[^&\n]*) &&/g)].map(({ groups }) =>
    (groups?.["what"] ?? "").replaceAll("$VCS_PATH", copy).trim().split(/\s+/),
  );
  expect(installs).toHaveLength(3);
  // zstandard is in their images; the last ones are for evaluations.
  const venv = pythonWith(
    step,
    ["zstandard"],
    ...installs.map((install) => ["--find-links", dist, ...install]),
    ["sacrebleu==2.4.2", "pydantic", "toolz", "requests"],
  );
  const made = { copy, venv };
  copies[step] = made;
  return made;
}

beforeAll(() => {
  if (absent) return;
  dist = join(folder, "dist");
  buildWheel(dist);
  run(resolve("../shared/tools/real-marian"), [marian]);
}, 900_000);

beforeEach(async () => {
  servers = await startTaskServers(SECRET);
  ({ wandb, taskcluster } = servers);
});
afterEach(() => servers.close());

/** What a task of theirs has in its environment. */
function taskEnvironment(step: Step, task: string, work: string): NodeJS.ProcessEnv {
  const { copy, venv } = changed(step);
  return environmentOf(venv, {
    PYTHONPATH: copy,
    VCS_PATH: copy,
    TASK_WORKDIR: work,
    MOZ_FETCHES_DIR: join(work, "fetches"),
    TASK_ID: task,
    RUN_ID: "0",
    TASKCLUSTER_ROOT_URL: taskcluster.url,
    TASKCLUSTER_PROXY_URL: taskcluster.url,
    TASKCLUSTER_SECRET: SECRET,
    MOZ_AUTOMATION: "1",
    WANDB_PUBLICATION: "True",
    WANDB_AUTHOR: "me@example.com",
    WANDB_BASE_URL: wandb.url,
    WANDB_ERROR_REPORTING: "false",
    USE_CPU: "true",
  });
}

const compress = (from: string, to: string) => run("zstd", ["-qf", from, "-o", to]);

/** Starts a training as the kind does, in a process group of its own, as the worker has it. */
function startTraining(
  step: Step,
  work: string,
  { mode = "None", updates = 60, more = {} as NodeJS.ProcessEnv } = {},
) {
  const { copy } = changed(step);
  const fetches = join(work, "fetches");
  const artifacts = join(work, "artifacts");
  mkdirSync(fetches, { recursive: true });
  mkdirSync(artifacts, { recursive: true });
  for (const language of ["de", "en"]) {
    cpSync(join(copy, "tests/data/vocab.spm"), join(fetches, `vocab.${language}.spm`));
    compress(join(marian, `train.${language}`), join(fetches, `corpus.${language}.zst`));
    const few = readFileSync(join(marian, `dev.${language}`), "utf8")
      .split("\n")
      .slice(0, 4)
      .join("\n");
    writeFileSync(join(work, `dev.${language}`), `${few}\n`);
    compress(join(work, `dev.${language}`), join(fetches, `devset.${language}.zst`));
  }
  const size =
    "--dim-emb 16 --dim-rnn 16 --mini-batch 32 --mini-batch-fit false --maxi-batch 10 --beam-size 1";
  const times = `--disp-freq 5 --valid-freq 20 --save-freq 20 --early-stopping 1000 --after ${updates}u`;
  const child = spawn(
    join(copy, "taskcluster/scripts/pipeline/train_taskcluster.py"),
    [
      ...["backward", "train", "de", "en", join(fetches, "corpus"), join(fetches, "devset"), artifacts],
      ...["chrf", "None", "7", "None", "None", mode, "None"],
      ...`--devices 0 --cpu-threads 1 --max-length-factor 1 ${size} ${times}`.split(" "),
    ],
    {
      cwd: work,
      detached: true,
      env: {
        ...taskEnvironment(step, TRAINING.task, work),
        GPUS: "0",
        WORKSPACE: "64",
        MARIAN: marian,
        ...more,
      },
    },
  );
  const group = child.pid ?? 0;
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (text) => {
      output += text;
    });
  const closed = once(child, "close");
  return {
    /** Waits until it has trained so far and the best model is saved. */
    trained: (update: number) =>
      expect
        .poll(() => updatesOf(output).some((up) => up >= update) || child.exitCode !== null, { interval: 50 })
        .toBe(true),
    kill(name: string) {
      for (const pid of processesOf(group, name)) process.kill(pid, "SIGKILL");
    },
    terminate: () => process.kill(-group, "SIGTERM"),
    async end() {
      // The pipe ends after the training; the last process closes the output.
      const [code] = await closed;
      return { code, output };
    },
  };
}

const updatesOf = (output: string) =>
  [...output.matchAll(/ Up\. (\d+) : Sen\./g)].map(([, up]) => Number(up));

/** The processes of a group whose program or script has a name; OpusTrainer has several. */
function processesOf(group: number, name: string): number[] {
  const found: number[] = [];
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, "utf8")
        .replace(/^.*\) /, "")
        .split(" ");
      const words = readFileSync(`/proc/${entry}/cmdline`, "utf8").split("\0").slice(0, 2);
      if (Number(stat[2]) === group && words.some((word) => word.split("/").at(-1) === name))
        found.push(Number(entry));
    } catch {
      // It has ended.
    }
  }
  if (found.length === 0) throw new Error(`no process ${name} in ${group}`);
  return found;
}

/** Updates with a training record at the server. */
const published = () =>
  wandb
    .history("nb-en", TRAINING.run)
    .filter((row) => "cost" in row)
    .map((row) => row["_step"]);

const state = () => wandb.run("nb-en", TRAINING.run).state;

describe.skipIf(absent)("in mozilla/translations", () => {
  describe.each(STEPS)("with the %s", (step) => {
    it("the commands are those of this package", { timeout: 900_000 }, () => {
      const { copy, venv } = changed(step);
      const env = environmentOf(venv, { PATH: join(venv, "bin") });
      for (const name of ["parse_tc_logs", "parse_tc_group", "parse_experiment_dir", "marian-tracking"])
        expect(run(join(venv, "bin", name), ["--version"], { env })).toMatch(/^marian-tracking\/.* node-v/);
      const importable = `import importlib.util as i; print(i.find_spec("translations_parser") is not None)`;
      expect(run(join(venv, "bin/python"), ["-c", importable], { env }).trim()).toBe(
        step === "one-file" ? "True" : "False",
      );
      const names = run("git", ["grep", "-l", "translations_parser", "--", ":!poetry.lock"], {
        cwd: copy,
        allowed: [0, 1],
      });
      if (step === "full-change") expect(names).toBe("");
    });

    it("a training is published, and ends as before", { timeout: 900_000 }, async () => {
      const work = join(folder, `healthy-${step}`);
      const training = startTraining(step, work);
      const { code, output } = await training.end();
      expect(output).toContain("Training finished");
      expect([code, state()]).toEqual([0, "finished"]);
      expect(published()).toEqual(updatesOf(output));
      expect(existsSync(join(work, "artifacts/final.model.npz.best-chrf.npz"))).toBe(true);
      expect(wandb.run("nb-en", "group_logs_ZowUk").group).toBe("fjord_ZowUkamoRKuDlb4uAeTvgg");
      expect(wandb.violations).toEqual([]);
    });

    it("an evaluation adds its row to the table of the group", { timeout: 900_000 }, async () => {
      const { copy, venv } = changed(step);
      const work = join(folder, `evaluation-${step}`);
      mkdirSync(join(work, "fetches"), { recursive: true });
      for (const language of ["ru", "en"])
        compress(
          join(marian, language === "ru" ? "dev.de" : "dev.en"),
          join(work, `fetches/wmt09.${language}.zst`),
        );
      writeFileSync(join(work, "decoder.yml"), "{}");
      // Two evaluations: the second one keeps the row of the first.
      for (const task of [EVALUATION.task, "LvG3EQxGQQyLxwojvxgztg"]) {
        const child = spawn(
          join(venv, "bin/python"),
          [
            resolve("test/interop/adopt/evaluate.py"),
            ...[
              "--src",
              "ru",
              "--trg",
              "en",
              "--marian_config",
              join(work, "decoder.yml"),
              "--models",
              "model.npz",
            ],
            ...[
              "--dataset_prefix",
              join(work, "fetches/wmt09"),
              "--artifacts_prefix",
              join(work, "artifacts/wmt09"),
            ],
            ...["--marian", join(copy, "tests/fixtures"), "--model_variant", "cpu"],
          ],
          { cwd: work, env: { ...taskEnvironment(step, task, work), TEST_ARTIFACTS: work } },
        );
        let output = "";
        for (const stream of [child.stdout, child.stderr])
          stream.on("data", (text) => {
            output += text;
          });
        const [code] = await once(child, "close");
        expect(code, output).toBe(0);
        compress(join(marian, "dev.en"), join(work, "fetches/wmt09.en.zst"));
      }
      const [last] = wandb.run("nb-en", "group_logs_ZowUk").lines["wandb-history.jsonl"].slice(-1);
      expect(parseRow(last ?? "{}")["metrics"]).toMatchObject({ _type: "table-file", ncols: 8, nrows: 2 });
      expect(wandb.history("nb-en", EVALUATION.run).some((row) => "flores_devtest_table" in row)).toBe(true);
    });
  });

  it("a training that is pre-empted and continued is one run with every update once", {
    timeout: 900_000,
  }, async () => {
    const work = join(folder, "pre-empted");
    const first = startTraining("one-file", work, { updates: 100_000 });
    await first.trained(45);
    first.terminate();
    const before = await first.end();
    const last = Math.max(...updatesOf(before.output));
    const second = startTraining("one-file", work, { mode: "continue", updates: last + 40 });
    const after = await second.end();
    expect(after.output).toContain("Training finished");
    expect([after.code, state()]).toEqual([0, "finished"]);
    const updates = new Set([...updatesOf(before.output), ...updatesOf(after.output)]);
    expect(published()).toEqual([...updates].sort((one, other) => one - other));
  });

  it.each([
    ["is green, as it was with the Python module", {}, 0],
    ["fails if MARIAN_TRACKING_FAIL_UNFINISHED asks for it", { MARIAN_TRACKING_FAIL_UNFINISHED: "1" }, 1],
  ])("a task whose Marian is killed %s", { timeout: 900_000 }, async (_, more, expected) => {
    const training = startTraining("one-file", join(folder, `killed-${expected}`), {
      updates: 100_000,
      more,
    });
    await training.trained(45);
    training.kill("marian");
    const { code, output } = await training.end();
    expect(output).toMatch(/^ {2}DIED/m);
    expect([code, state()]).toEqual([expected, "failed"]);
    expect(published()).toEqual(updatesOf(output));
  });

  it("a training whose OpusTrainer is killed ends with what came", { timeout: 900_000 }, async () => {
    const training = startTraining("one-file", join(folder, "opustrainer"), { updates: 100_000 });
    await training.trained(45);
    training.kill("opustrainer-train");
    const { code, output } = await training.end();
    // Marian takes the end of its input for the end of the data, and finishes.
    expect([code, state()]).toEqual([0, "finished"]);
    expect(published()).toEqual(updatesOf(output));
  });
});
