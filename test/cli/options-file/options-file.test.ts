/** marian-tracking.toml: what it gives, what goes before it, and what it may not do. */
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { StandInServer } from "../../servers/wandb/index.js";
import { check, freshFolder, type RunOptions, result, runBinary } from "../run-binary.js";
import { runHere } from "../run-here.js";

const log = readFileSync(fileURLToPath(new URL("../../../fixtures/train.log", import.meta.url)), "utf8");
const NAME = "marian-tracking.toml";

/** A folder with a log and the file. */
const withFile = (text: string, more: Readonly<Record<string, string>> = {}): string =>
  freshFolder({ "train.log": log, [NAME]: text, ...more });

const run = (folder: string, args: readonly string[], env: RunOptions["env"] = {}) =>
  runHere("run", args, { folder, env: { HOME: folder, XDG_CACHE_HOME: "cache", ...env } });

describe("which file is read", () => {
  test("that of the working folder or the nearest parent; its folders are relative to it", async () => {
    const folder = withFile('output-dir = "metrics"', { "a/b/train.log": log, ".git/HEAD": "" });
    const done = await runHere("run", ["parse", "train.log", "-q"], { folder: join(folder, "a/b") });
    check(done, { code: 0 });
    expect(existsSync(join(folder, "metrics/training.csv"))).toBe(true);
  });

  test("none above the root of a repository, or above the home folder", async () => {
    const folder = withFile('output-dir = "metrics"', { "repo/train.log": log, "repo/.git/HEAD": "" });
    check(await runHere("run", ["parse", "train.log", "-q"], { folder: join(folder, "repo") }), { code: 0 });
    mkdirSync(join(folder, "repo/home"));
    check(await run(join(folder, "repo/home"), ["parse", "../train.log", "-q"]), { code: 0 });
    expect(existsSync(join(folder, "metrics"))).toBe(false);
  });

  test("the one that MARIAN_TRACKING_CONFIG names; none if it is empty", async () => {
    const folder = withFile("wrong", { "other.toml": 'output-dir = "metrics"' });
    check(await run(folder, ["parse", "train.log", "-q"], { MARIAN_TRACKING_CONFIG: "" }), { code: 0 });
    check(await run(folder, ["parse", "train.log", "-q"], { MARIAN_TRACKING_CONFIG: "other.toml" }), {
      code: 0,
    });
    expect([existsSync(join(folder, "output")), existsSync(join(folder, "metrics"))]).toEqual([true, true]);
    const missing = await run(folder, ["parse", "train.log"], { MARIAN_TRACKING_CONFIG: "no.toml" });
    check(missing, { code: 2, stderr: /MARIAN_TRACKING_CONFIG=no\.toml can't be used: it does not exist/ });
  });

  test.skipIf(process.platform === "win32")(
    "none that others may write to, and the warning says why",
    async () => {
      const folder = withFile("wrong");
      chmodSync(join(folder, NAME), 0o646);
      check(await run(folder, ["parse", "train.log", "-q"]), {
        code: 0,
        stderr: /is ignored: others may write\s.*chmod go-w/s,
      });
    },
  );

  const isRoot = process.getuid?.() === 0;
  test.skipIf(!isRoot)(
    "none of another user, also if it is a link (only root can make one to test)",
    async () => {
      const folder = withFile("wrong");
      chownSync(join(folder, NAME), 12345, 12345);
      const done = await run(folder, ["parse", "train.log", "-q"]);
      check(done, { code: 0, stderr: /is ignored: it belongs to another user \(12345\)/ });
      const linked = freshFolder({ "train.log": log });
      symlinkSync(join(folder, NAME), join(linked, NAME));
      check(await run(linked, ["parse", "train.log", "-q"]), { code: 0, stderr: /another user/ });
    },
  );
});

describe("what goes before what", () => {
  test("a flag before the file, and the command's table before what stands for all", async () => {
    const folder = withFile(
      'output-dir = "all"\ntime-zone = "UTC"\n[parse]\noutput-dir = "own"\n[check]\nquiet = true',
    );
    check(await run(folder, ["parse", "train.log", "-q"]), { code: 0 });
    check(await run(folder, ["parse", "train.log", "-q", "-o", "typed"]), { code: 0 });
    expect(["all", "own", "typed"].map((name) => existsSync(join(folder, name)))).toEqual([
      false,
      true,
      true,
    ]);
    expect((await run(folder, ["check", "train.log"])).stderr).toBe("");
  });

  test("an option that does not fit what was typed steps back", async () => {
    const folder = withFile(
      'format = "ndjson"\ntime-zone = "Europe/Paris"\nquiet = true\npattern = ["x=(?P<v>y)"]',
    );
    const done = await run(folder, ["parse", "train.log", "-o", "output", "--verbose"]);
    check(done, { code: 0, stderr: /training +\d+ rows/ });
    expect(result({ folder }, "output/measurements.ndjson")).toMatch(/"timestamp":"[^"]+\+0[12]:00"/);
    // Tables need a folder.
    const tables = freshFolder({ "models/en-hu/snake/student/train.log": log, [NAME]: 'format = "csv"' });
    check(await run(tables, ["archive", ".", "-q"], { WANDB_MODE: "offline" }), { code: 0 });
  });

  describe("of Weights & Biases", () => {
    let server: StandInServer;
    beforeAll(async () => {
      server = await StandInServer.start();
    });
    afterAll(() => server.close());
    const FILE = 'project = "from-file"\nentity = "file-team"\ngroup = "file-group"\ntags = ["one", "two"]';
    const keys = () => [...server.store.runs.keys()].map((key) => key.split("/").slice(0, 2).join("/"));

    test("the file says where a command publishes, and the environment goes before it", async () => {
      const env = { WANDB_BASE_URL: server.url, WANDB_API_KEY: server.apiKey };
      check(await run(withFile(FILE), ["parse", "train.log", "-q", "--wandb"], env), { code: 0 });
      const [stored] = server.store.runs.values();
      expect([keys(), stored?.tags, stored?.group]).toEqual([
        ["file-team/from-file"],
        ["one", "two"],
        "file-group",
      ]);
      server.store.runs.clear();
      const set = { ...env, WANDB_PROJECT: "set", WANDB_TAGS: "three" };
      check(await run(withFile(FILE), ["parse", "train.log", "-q", "--wandb"], set), { code: 0 });
      expect([keys(), [...server.store.runs.values()][0]?.tags]).toEqual([["file-team/set"], ["three"]]);
    });

    test("it never says that something is published", async () => {
      server.store.runs.clear();
      const env = { WANDB_BASE_URL: server.url, WANDB_API_KEY: server.apiKey };
      check(await run(withFile(FILE), ["parse", "train.log", "-q"], env), { code: 0 });
      expect(keys()).toEqual([]);
    });
  });
});

describe("what is wrong with the file is a usage error with its line", () => {
  test.each([
    ["outputdir = 'x'", 1, "there is no option outputdir. Did you mean output-dir?"],
    ["\n[pars]\nquiet = true", 2, "[pars] is not a command. Did you mean parse?"],
    ["[parse_tc_logs]", 1, "parse_tc_logs reads no file of options"],
    ["[[parse]]", 1, "a table is a command, as in [parse]"],
    ["parse.a.b = 1", 1, "parse.a.b has too many parts: write KEY or COMMAND.KEY"],
    ["output-dir = 3", 1, 'output-dir takes a text in quotes, such as "one"'],
    ["output-dir = ['a']", 1, "output-dir takes one value, not a list"],
    ["output-dir = '-'", 1, "output-dir can't be - in a file: give --output-dir - on the command line"],
    ["quiet = 'yes'", 1, "quiet takes true or false, without quotes"],
    ["silent-after = 'soon'", 1, "--silent-after"],
    ["jobs = 0", 1, "jobs takes a number above 0, without quotes"],
    ["jobs = 1.5", 1, "jobs: Expected an integer but received: 1.5"],
    ["tags = ['a,b']", 1, 'tags takes a list of texts without commas, such as ["first", "second"]'],
    ["format = 'ndjsn'", 1, "not ndjsn. Did you mean ndjson?"],
    ["a = 1\nb =", 2, "this is not TOML: "],
    [
      "archive = { quiet = true, pattern = 'x=y' }",
      1,
      "archive has no option pattern; these commands have it: parse",
    ],
    ["time-zone = 'Mars'", 1, "--time-zone 'Mars': there is no such zone"],
    ["pattern = 'x=(('", 1, "--pattern: the pattern 'x' is no regular expression"],
    ["__proto__ = 1", 1, "there is no option __proto__"],
    ["constructor = 1", 1, "there is no option constructor"],
  ])("%j", async (text, line, message) => {
    const folder = withFile(text);
    const done = await run(folder, ["parse", "train.log"]);
    check(done, { code: 2, stderr: /See marian-tracking parse --help/ });
    const said = done.stderr.replace(/\s*\n ›\s*/g, " ").replace(/ {2,}/g, " ");
    expect(said).toContain(`${NAME}:${line}: `);
    expect(said.replaceAll(" ", "")).toContain(message.replaceAll(" ", ""));
    expect(existsSync(join(folder, "output"))).toBe(false);
  });

  test.each(["publisher", "wandb-api-key-file", "files-from", "manifest", "override-runs", "retry-for"])(
    "%s can't stand in a file",
    async (flag) => {
      const done = await run(withFile(`${flag} = "x"`), ["parse", "train.log"]);
      check(done, { code: 2, stderr: /can't\s+(›\s+)?be\s+(›\s+)?set/ });
    },
  );

  test("wandb = true is refused: a file does not make a command publish", async () => {
    check(await run(withFile("wandb = true"), ["parse", "train.log"]), {
      code: 2,
      stderr: /wandb takes false/,
    });
    const folder = freshFolder({ "models/en-hu/snake/student/train.log": log, [NAME]: "wandb = false" });
    check(await run(folder, ["archive", ".", "-q", "-o", "tables"]), { code: 0 });
  });

  test("in the pipe of a training it is a warning, and the log passes through", async () => {
    for (const text of ["wrong", 'time-zone = "Mars"', 'format = "ndjson"', 'format = "tsv"']) {
      const folder = withFile(text);
      const done = await runBinary("run", ["parse", "--tee", "-q"], {
        folder,
        stdin: log,
        env: { HOME: folder },
      });
      expect([done.code, done.stdout === log]).toEqual([0, true]);
    }
  });
});

test("the compatibility binaries read no file", async () => {
  const folder = withFile("wrong");
  const env = { HOME: folder };
  check(await runHere("parse_tc_logs", ["-i", "train.log"], { folder, env }), { code: 0, stderr: /./ });
  expect(existsSync(join(folder, "output/training.csv"))).toBe(true);
});

test("doctor shows each value and where it comes from", async () => {
  const folder = withFile('entity = "team"\n[parse]\noutput-dir = "metrics"\ntime-zone = "UTC"');
  const env = { WANDB_MODE: "offline", WANDB_TAGS: "set" };
  const text = await run(folder, ["doctor"], env);
  expect(text.stdout).toMatch(/option +entity = team \(.*marian-tracking\.toml:1\) for archive, .*parse/);
  expect(text.stdout).toMatch(/option +output-dir = metrics \(.*marian-tracking\.toml:3\) for parse\n/);
  expect(text.stdout).toMatch(/option +tags = set \(WANDB_TAGS\) for .*parse/);
  const { options } = JSON.parse((await run(folder, ["doctor", "--json"], env)).stdout);
  expect(options).toContainEqual({
    key: "time-zone",
    value: "UTC",
    from: `${NAME}:4`,
    kind: "file",
    commands: ["parse"],
  });
});
