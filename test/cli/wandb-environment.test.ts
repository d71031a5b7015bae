/** The environment of the official client, flags, and commands: which of them decides. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { StandInServer } from "../servers/wandb/index.js";
import { IDS } from "../taskcluster/client/ids.js";
import { type Binary, check, filesBelow, freshFolder, type Run } from "./run-binary.js";
import { runHere } from "./run-here.js";
import { setting } from "./taskcluster.js";

type Variables = Readonly<Record<string, string>>;

const log = readFileSync(fileURLToPath(new URL("../../fixtures/train.log", import.meta.url)), "utf8");
const ARCHIVE = "archive/models/en-hu/snake/student/train.log";
const EVALUATION = "evaluate-student-flores-devtest-cs-en";

let server: StandInServer;
beforeAll(async () => {
  server = await StandInServer.start();
});
afterAll(() => server.close());
beforeEach(() => {
  server.store.runs.clear();
  server.requests.length = 0;
});

/** Commands that publish without Taskcluster, as they are called when a project is named. */
const COMMANDS: Readonly<Record<string, readonly [Binary, readonly string[]]>> = {
  parse: ["run", ["parse", "student/train.log", "--wandb-project", "flag"]],
  archive: ["run", ["archive", "archive"]],
  parse_experiment_dir: ["parse_experiment_dir", ["-d", "archive", "-m", "snakemake"]],
  eval: ["run", ["eval", "--metric", "bleu=1", "--label", EVALUATION, "--wandb-project", "flag"]],
  parse_tc_logs: [
    "parse_tc_logs",
    ["-i", "student/train.log", "--wandb-project", "flag", "--wandb-publication"],
  ],
};
const NAMES = Object.keys(COMMANDS);

const withKey = (): Variables => ({ WANDB_BASE_URL: server.url, WANDB_API_KEY: server.apiKey });

function run(binary: Binary, args: readonly string[], variables: Variables = {}): Promise<Run> {
  const folder = freshFolder({ "student/train.log": log, [ARCHIVE]: log });
  const env = { HOME: folder, XDG_CACHE_HOME: "cache", WANDB_BASE_URL: server.url, ...variables };
  return runHere(binary, args, { folder, env });
}

function runCommand(name: string, variables: Variables, ...flags: string[]): Promise<Run> {
  const [binary, args] = COMMANDS[name] ?? ["run", []];
  return run(binary, [...args, ...flags], { ...withKey(), ...variables });
}

/** The run of the model. */
function published() {
  const [found] = [...server.store.runs.entries()].filter(([key]) => !key.includes("group_logs"));
  expect(found, "a run was published").toBeDefined();
  const [key = "", stored] = found ?? [];
  const [entity, project, id] = key.split("/");
  return { entity, project, id, stored };
}

const offlineRuns = (folder: string) =>
  filesBelow(folder).filter((path) => /offline-run-.*\.wandb$/.test(path));

describe("what the environment says of a run is heard by every command", () => {
  test.each(NAMES)("%s: tags, notes, job type and entity", async (name) => {
    const done = await runCommand(name, {
      WANDB_TAGS: "one, two,,one",
      WANDB_NOTES: "why",
      WANDB_JOB_TYPE: "train",
      WANDB_ENTITY: "team",
    });
    expect([done.code, done.stderr]).toEqual([0, expect.any(String)]);
    const { entity, stored } = published();
    expect([entity, stored?.tags, stored?.notes, stored?.jobType]).toEqual([
      "team",
      ["one", "two"],
      "why",
      "train",
    ]);
  });

  test.each(NAMES)("%s: --tags goes before WANDB_TAGS", async (name) => {
    // The flag is the last word, as several of them follow it.
    const done = await runCommand(name, { WANDB_TAGS: "one" }, "--tags", "three");
    expect(done.code).toBe(0);
    expect(published().stored?.tags).toEqual(["three"]);
  });

  test.each(NAMES)("%s: WANDB_DIR takes the offline runs of WANDB_MODE=offline", async (name) => {
    const dir = freshFolder();
    const done = await runCommand(name, { WANDB_MODE: "offline", WANDB_DIR: dir, WANDB_API_KEY: "" });
    expect(done.code).toBe(0);
    expect(offlineRuns(dir).length).toBeGreaterThan(0);
    expect(offlineRuns(done.folder)).toEqual([]);
    expect(server.requests).toEqual([]);
  });

  test("offline files keep the tags, notes and job type for sync", async () => {
    const env = { WANDB_TAGS: "one", WANDB_NOTES: "why", WANDB_JOB_TYPE: "train" };
    const { folder } = await runCommand("parse", { ...env, WANDB_MODE: "offline" });
    check(await runHere("run", ["sync", "wandb", "-q"], { folder, env: { HOME: folder, ...withKey() } }), {
      code: 0,
    });
    expect(published().stored).toMatchObject({ tags: ["one"], notes: "why", jobType: "train" });
  });
});

describe("a key that the server refuses", () => {
  test.each(NAMES)("%s keeps everything in the offline file, and ends with 3", async (name) => {
    const done = await runCommand(name, { WANDB_API_KEY: "f".repeat(40) });
    expect([done.code, done.stderr]).toEqual([3, expect.stringContaining("refused the API key")]);
    expect(done.stderr).not.toContain(".;");
    const rows = offlineRuns(done.folder);
    expect(rows).toHaveLength(name === "archive" || name === "parse_experiment_dir" ? 2 : 1);
    const env = { HOME: done.folder, ...withKey() };
    check(await runHere("run", ["sync", "wandb", "-q"], { folder: done.folder, env }), { code: 0 });
    expect(published().stored?.lines["wandb-history.jsonl"].length).toBe(name === "eval" ? 1 : 80);
  });

  test.each(NAMES)("%s does so with one that may not write", async (name) => {
    server.inject({ fault: { kind: "status", status: 403 }, times: Number.POSITIVE_INFINITY });
    const done = await runCommand(name, {});
    server.heal();
    expect([done.code, done.stderr]).toEqual([3, expect.stringContaining("HTTP 403")]);
    expect(offlineRuns(done.folder).length).toBeGreaterThan(0);
  });

  test("parse_tc_logs in automation ends with 0", async () => {
    const done = await runCommand("parse_tc_logs", { WANDB_API_KEY: "f".repeat(40), MOZ_AUTOMATION: "1" });
    expect([done.code, offlineRuns(done.folder).length]).toEqual([0, 1]);
  });
});

describe("in a task", () => {
  test.each(["parse", "parse_tc_logs", "eval"])(
    "%s writes the offline file where artifacts are taken from",
    async (name) => {
      const work = freshFolder({ "artifacts/model.npz": "" });
      const task = { TASK_ID: IDS.student, TASK_WORKDIR: work, WANDB_MODE: "offline" };
      const done = await runCommand(name, task);
      expect([done.code, done.stderr]).toEqual([0, expect.any(String)]);
      expect(offlineRuns(join(work, "artifacts")).length).toBeGreaterThan(0);
      expect(offlineRuns(done.folder)).toEqual([]);
      // A folder that the user names goes before it.
      const dir = freshFolder();
      await runCommand(name, { ...task, WANDB_DIR: dir });
      expect(offlineRuns(dir).length).toBeGreaterThan(0);
    },
  );

  test("parse_tc_logs writes its tables there, unless a folder is named", async () => {
    const upload = freshFolder();
    const task = { TASK_ID: IDS.student, UPLOAD_DIR: upload, WANDB_MODE: "disabled" };
    const done = await runCommand("parse_tc_logs", task);
    expect(done.code).toBe(0);
    expect(filesBelow(upload).sort()).toEqual(["output/training.csv", "output/validation.csv"]);
    const named = await runCommand("parse_tc_logs", task, "-o", "out");
    expect(existsSync(join(named.folder, "out/training.csv"))).toBe(true);
  });

  test("the folder has to be there", async () => {
    const task = { TASK_ID: IDS.student, UPLOAD_DIR: "/no/such/folder", TASK_WORKDIR: freshFolder() };
    const done = await runCommand("parse_tc_logs", { ...task, WANDB_MODE: "disabled" });
    expect(existsSync(join(done.folder, "output/training.csv"))).toBe(true);
  });
});

describe("what is switched off publishes nothing", () => {
  test.each(
    NAMES.flatMap((name) =>
      [
        { WANDB_DISABLED: "true" },
        { WANDB_DISABLED: "1" },
        { WANDB_DISABLED: "True", WANDB_MODE: "online" },
        { WANDB_MODE: "disabled" },
      ].map((variables) => [name, variables] as const),
    ),
  )("%s with %j", async (name, variables) => {
    const done = await runCommand(name, variables);
    // Without -o nothing is left for these to do.
    const hasNothingToDo = name === "archive" || name === "parse_experiment_dir";
    expect(done.code).toBe(hasNothingToDo ? 2 : 0);
    if (hasNothingToDo) expect(done.stderr).toContain("nothing to do: Weights & Biases is switched off");
    if (name === "parse") expect(done.stderr).toContain("Weights & Biases is switched off");
    expect(server.requests).toEqual([]);
    expect(offlineRuns(done.folder)).toEqual([]);
  });

  test.each([
    ["WANDB_DISABLED", "false", "native", "online"],
    ["WANDB_DISABLED", "0", undefined, "online"],
    ["WANDB_DISABLED", "", undefined, "online"],
    ["WANDB_MODE", "offline", undefined, "offline"],
    ["WANDB_MODE", "offline", "native", "online"],
    ["WANDB_MODE", "online", "offline", "offline"],
    ["WANDB_MODE", "disabled", "native", "nothing"],
    ["WANDB_DISABLED", "true", "native", "nothing"],
    ["WANDB_DISABLED", "true", "offline", "offline"],
  ])("%s=%j with --wandb-client %s goes %s", async (variable, value, client, where) => {
    for (const name of ["parse", "archive", "eval"]) {
      server.store.runs.clear();
      const flags = client === undefined ? [] : ["--wandb-client", client];
      const { folder } = await runCommand(name, { [variable]: value }, ...flags);
      const went =
        server.store.runs.size > 0 ? "online" : offlineRuns(folder).length > 0 ? "offline" : "nothing";
      expect([name, went]).toEqual([name, where]);
    }
  });

  test.each([
    [["group", IDS.fjord], 2],
    [["task", IDS.student], 2],
    [["publish", "--from", "archive"], 2],
    [["group", IDS.fjord, "--no-recursive-lookup", "-o", "out", "--format", "csv"], 1],
    [["task", IDS.student, "-o", "out", "--format", "csv"], 0],
  ])("%j with WANDB_DISABLED=true", async (args, code) => {
    const { options } = await setting();
    const env = { ...options.env, ...withKey(), HOME: options.folder, WANDB_DISABLED: "true" };
    const done = await runHere("run", args, { folder: options.folder, env });
    expect([done.code, done.stderr]).toEqual([code, expect.any(String)]);
    expect(existsSync(join(done.folder, "out/runs.csv"))).toBe(code !== 2);
    expect(server.requests).toEqual([]);
  });

  test("eval is off whatever the key is", async () => {
    const done = await runCommand("eval", { WANDB_DISABLED: "true", WANDB_API_KEY: "short" });
    check(done, { code: 0, stderr: /nothing is published/ });
  });

  test("archive with -o and WANDB_DISABLED writes its tables", async () => {
    const done = await runCommand("archive", { WANDB_DISABLED: "true" }, "-o", "out", "--format", "csv");
    expect(done.code).toBe(0);
    expect(existsSync(join(done.folder, "out/training.csv"))).toBe(true);
    expect(server.requests).toEqual([]);
  });
});

describe("project, name and group", () => {
  const NAMED = { WANDB_PROJECT: "mine", WANDB_NAME: "called", WANDB_RUN_GROUP: "together" };

  test("parse --wandb publishes to those of the environment", async () => {
    check(await run("run", ["parse", "student/train.log", "--wandb", "-q"], { ...withKey(), ...NAMED }), {
      code: 0,
    });
    const { project, id, stored } = published();
    expect([project, id, stored?.group]).toEqual(["mine", "called", "together"]);
  });

  test.each([
    ["--wandb-project", "flag", ["flag", "called", "together"]],
    ["--wandb-run-name", "flag", ["mine", "flag", "together"]],
    ["--wandb-group", "flag", ["mine", "called", "flag"]],
  ])("parse: %s goes before the environment", async (flag, value, expected) => {
    const args = ["parse", "student/train.log", "--wandb", "-q", flag, value];
    check(await run("run", args, { ...withKey(), ...NAMED }), { code: 0 });
    const { project, id, stored } = published();
    expect([project, id, stored?.group]).toEqual(expected);
  });

  test("parse publishes nothing because WANDB_PROJECT is set", async () => {
    check(await run("run", ["parse", "student/train.log", "-q"], { ...withKey(), ...NAMED }), { code: 0 });
    expect(server.requests).toEqual([]);
  });

  test.each(NAMES.filter((name) => name !== "parse"))("%s names its runs itself", async (name) => {
    const plain = await runCommand(name, {});
    const { project, id, stored } = published();
    server.store.runs.clear();
    const named = await runCommand(name, NAMED);
    expect([plain.code, named.code]).toEqual([0, 0]);
    const again = published();
    expect([again.project, again.id, again.stored?.group]).toEqual([project, id, stored?.group]);
  });

  test.each([{}, { WANDB_PROJECT: "" }, { WANDB_PROJECT: " " }])(
    "parse --wandb without a project is a usage error (%j)",
    async (variables) => {
      const done = await run("run", ["parse", "student/train.log", "--wandb"], {
        ...withKey(),
        ...variables,
      });
      check(done, { code: 2, stderr: /--wandb needs a project: set WANDB_PROJECT, or give --wandb-project/ });
      expect(readdirSync(done.folder)).not.toContain("output");
    },
  );

  test("parse --wandb --dry-run shows what would be published", async () => {
    const args = ["parse", "student/train.log", "--wandb", "--dry-run"];
    const done = await run("run", args, { ...withKey(), ...NAMED });
    check(done, { code: 0, stdout: /student\/train\.log -> mine\/called in group together: 80 rows/ });
    check(await run("run", ["parse", "student/train.log", "--dry-run"], withKey()), {
      code: 2,
      stderr: /--dry-run shows what would be published: give --wandb-project, or --wandb/,
    });
  });

  test("parse --manifest refuses --wandb", async () => {
    const done = await run("run", ["parse", "--manifest", "m.ndjson", "--wandb"], { ...withKey(), ...NAMED });
    check(done, { code: 2, stderr: /--wandb does not go with --manifest/ });
  });

  test.each([
    [["--wandb-group", "g"], /so --wandb-group does nothing: give --wandb-project, or --wandb/],
    [["--wandb-run-name", "n", "--tags", "t"], /so --wandb-run-name, --tags do nothing/],
    [["--wandb-client", "sdk"], /so --wandb-client does nothing/],
    [["--override-runs"], /so --override-runs does nothing/],
    [["--retry-for", "5s"], /so --retry-for does nothing/],
  ])("parse %j without a project warns and reads the log", async (flags, stderr) => {
    const done = await run("run", ["parse", "student/train.log", "-q", ...flags], withKey());
    check(done, { code: 0, stderr });
    expect(existsSync(join(done.folder, "output/training.csv"))).toBe(true);
    expect(server.requests).toEqual([]);
  });
});

describe("without a key", () => {
  const LINE =
    /^marian-tracking \w+: no W&B API key was found: set WANDB_API_KEY or add the server to ~\/\.netrc to publish (.*) to (http:\/\/[\d.:]+)(, entity \w+)?; WANDB_MODE=offline writes files for later, --no-wandb publishes nothing\n$/;

  test.each([
    [["archive", "not-there"], "the trainings and evaluations of not-there"],
    [["archive", "archive", "-o", "out"], "the trainings and evaluations of archive"],
    [["group", IDS.fjord], `the trainings and evaluations of the group ${IDS.fjord}`],
    [["task", IDS.student], `the task ${IDS.student}`],
    [["task", IDS.student, "--follow"], `the task ${IDS.student}`],
    [
      ["eval", "--metrics-json", "not-there.json", "--label", EVALUATION, "--wandb-project", "p"],
      "the evaluation in the project p",
    ],
  ])("%j ends with one line before anything is read", async (args, what) => {
    const place = await setting();
    const env = { ...place.options.env, HOME: place.options.folder, WANDB_BASE_URL: server.url };
    const done = await runHere("run", args, { folder: place.options.folder, env });
    check(done, { code: 2, stderr: LINE });
    expect(LINE.exec(done.stderr)?.[1]).toBe(what);
    expect(LINE.exec(done.stderr)?.[2]).toBe(server.url);
    expect([server.requests, place.server.requests]).toEqual([[], []]);
    expect(existsSync(join(done.folder, "out"))).toBe(false);
  });

  test("the line names the entity", async () => {
    const done = await run("run", ["archive", "archive"], { WANDB_ENTITY: "team" });
    expect(LINE.exec(done.stderr)?.[3]).toBe(", entity team");
  });

  test("parse names no flag that it does not have", async () => {
    const done = await run("run", ["parse", "student/train.log", "--wandb"], { WANDB_PROJECT: "p" });
    check(done, { code: 2, stderr: /no W&B API key was found: .* WANDB_MODE=offline / });
    expect(done.stderr).not.toContain("--no-wandb");
  });

  test.each(["archive", "eval"])("%s goes on with either of what the line names", async (name) => {
    const none = { WANDB_API_KEY: "" };
    const off = name === "archive" ? ["--no-wandb", "-o", "out"] : ["--no-wandb"];
    expect((await runCommand(name, none, ...off)).code).toBe(0);
    expect((await runCommand(name, { ...none, WANDB_MODE: "offline" })).code).toBe(0);
    expect(server.requests).toEqual([]);
  });

  test("parse_experiment_dir says what it always said", async () => {
    const done = await run("parse_experiment_dir", ["-d", "archive", "-m", "snakemake"]);
    check(done, {
      code: 2,
      stderr: /parse_experiment_dir: error: no W&B API key was found.*; --no-wandb turns publishing off/,
    });
  });
});

describe("sync", () => {
  test("--dry-run needs no key, asks nobody and counts what was delivered before", async () => {
    const { folder } = await runCommand("parse", { WANDB_MODE: "offline" });
    const env = { HOME: folder, WANDB_BASE_URL: server.url };
    const dry = (...flags: string[]) =>
      runHere("run", ["sync", "--dry-run", "wandb", ...flags], { folder, env });
    check(await dry(), { code: 0, stderr: /run +flag\/student\n.*80 to send, from line 0/s });
    expect(server.requests).toEqual([]);
    check(await runHere("run", ["sync", "wandb"], { folder, env }), {
      code: 2,
      stderr: /no W&B API key was found/,
    });
    const keyed = { folder, env: { ...env, WANDB_API_KEY: server.apiKey } };
    check(await runHere("run", ["sync", "wandb", "-q"], keyed), { code: 0 });
    check(await dry(), { code: 0, stderr: /skipped/ });
    check(await dry("--force"), { code: 0, stderr: /80 to send, from line 0/ });
  });

  test("--dry-run without a key takes a file that goes on where the server stopped", async () => {
    const folder = freshFolder({ "first.log": log.split("\n").slice(0, 300).join("\n"), "all.log": log });
    const place = { folder, env: { HOME: folder, ...withKey() } };
    const flags = ["--wandb-project", "p", "--wandb-run-name", "growing", "-q"];
    check(await runHere("run", ["parse", "first.log", ...flags], place), { code: 0 });
    const held = server.history("p", "growing").length;
    expect(held).toBeGreaterThan(0);
    server.inject({
      endpoint: "file_stream",
      fault: { kind: "status", status: 400 },
      times: Number.POSITIVE_INFINITY,
    });
    expect((await runHere("run", ["parse", "all.log", ...flags], place)).code).toBe(3);
    server.heal();
    server.requests.length = 0;
    const env = { HOME: folder, WANDB_BASE_URL: server.url };
    const done = await runHere("run", ["sync", "--dry-run", "wandb", "--json"], { folder, env });
    check(done, { code: 0, stdout: /"planned"/ });
    expect(JSON.parse(done.stdout)).toMatchObject({
      files: [{ outcome: "planned", rows: { to_send: 80 - held, from_line: held }, requests: 0 }],
    });
    expect(server.requests).toEqual([]);
  });

  test.each([{ WANDB_DISABLED: "true" }, { WANDB_MODE: "disabled" }, { WANDB_MODE: "offline" }])(
    "sends what was asked for with %j too, as the official client's does",
    async (variables) => {
      const { folder } = await runCommand("parse", { WANDB_MODE: "offline" });
      const env = { HOME: folder, ...withKey(), ...variables };
      check(await runHere("run", ["sync", "wandb", "-q"], { folder, env }), { code: 0 });
      expect(published().stored?.state).toBe("finished");
    },
  );
});
