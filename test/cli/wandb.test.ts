/** The binaries and a W&B server. */
import { chmodSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { StandInServer } from "../servers/wandb/index.js";
import { picture } from "../wandb/sync/sample-run.js";
import { check, eventually, freshFolder, type RunOptions, startBinary } from "./run-binary.js";
import { runHere } from "./run-here.js";
import { start, train } from "./sample-logs.js";

const log = readFileSync(fileURLToPath(new URL("../../fixtures/train.log", import.meta.url)), "utf8");
let server: StandInServer;
let count = 0;
let project = "";

beforeAll(async () => {
  server = await StandInServer.start();
});
afterAll(() => server.close());
beforeEach(() => {
  server.heal();
  count += 1;
  project = `project-${count}`;
});

const env = (): Record<string, string> => ({ WANDB_BASE_URL: server.url, WANDB_API_KEY: server.apiKey });
const withLog = (): string => freshFolder({ "student/train.log": log });
const parse = (args: readonly string[], options: RunOptions = {}) =>
  runHere("run", ["parse", "student/train.log", "--wandb-project", project, ...args], {
    env: env(),
    folder: withLog(),
    ...options,
  });

describe("parse --wandb-project", () => {
  test("publishes the run under the model's name and writes the CSV too", async () => {
    const done = await parse(["--wandb-group", "exp_G", "--tags", "a", "--tags", "b"], {
      env: { ...env(), WANDB_AUTHOR: "me" },
    });
    check(done, { code: 0, stderr: /W&B: 80 of 80 rows sent were acknowledged/ });
    expect(server.history(project, "student")).toHaveLength(80);
    const run = server.run(project, "student");
    expect([run.group, run.tags, run.state]).toEqual(["exp_G", ["a", "b", "author:me"], "finished"]);
    expect(readFileSync(join(done.folder, "output/training.csv"), "utf8").split("\r\n")).toHaveLength(89);
    expect(done.stderr).not.toContain(server.apiKey);
  });

  test("takes the key from a file, for each command that speaks to the server", async () => {
    const folder = freshFolder({ "student/train.log": log, key: `${server.apiKey}\n`, short: "no key" });
    chmodSync(join(folder, "key"), 0o600);
    const place = { env: { WANDB_BASE_URL: server.url, HOME: folder }, folder };
    const flags = ["--wandb-project", project, "--wandb-api-key-file"];
    const live = await runHere(
      "parse_tc_logs",
      ["-i", "student/train.log", "--wandb-publication", ...flags, "key", "--wandb-run-name", "live"],
      place,
    );
    check(live, { code: 0, stderr: /80 of 80 rows/ });
    expect(server.history(project, "live")).toHaveLength(80);
    check(await parse(["--wandb-api-key-file", "key", "--quiet"], place), { code: 0, stderr: "" });
    expect(server.history(project, "student")).toHaveLength(80);
    const offline = { ...place, env: { ...place.env, WANDB_MODE: "offline", WANDB_DIR: folder } };
    check(await parse(["--wandb-run-name", "later"], offline), { code: 0, stderr: /offline/ });
    const synced = await runHere("run", ["sync", "wandb", "--wandb-api-key-file", "key", "-q"], place);
    check(synced, { code: 0, stderr: "" });
    expect(server.history(project, "later")).toHaveLength(80);
    const none = await parse(["--wandb-api-key-file", "nothing"], place);
    check(none, { code: 2, stderr: /nothing:\s+there is\s+no such file/ });
    const given = await parse(["--wandb-api-key-file", "0123456789".repeat(4)], place);
    check(given, { code: 2, stderr: /give\s+the\s+name\s+of\s+a\s+file,\s+not\s+the\s+key/ });
    expect(given.stderr).not.toContain("0123456789");
    const short = await parse(["--wandb-api-key-file", "short"], place);
    check(short, { code: 2, stderr: /API key from\s+short/ });
    expect(short.stderr).not.toContain("no key");
  });

  test("says what it would do and does nothing", async () => {
    const before = await parse(["--dry-run"]);
    check(before, { code: 0, stdout: /80 rows, 0 on the server, 80 to send, 0 tables\n/, stderr: "" });
    await parse([]);
    const after = await parse(["--dry-run", "--json"]);
    const { runs } = JSON.parse(after.stdout) as { runs: Record<string, unknown>[] };
    expect(runs).toEqual([
      expect.objectContaining({
        source: "student/train.log",
        id: "student",
        project,
        rows: 80,
        held: 80,
        replaced: false,
      }),
    ]);
  });

  test("two logs of the same name are two runs", async () => {
    const folder = freshFolder({ "one/train.log": log, "two/train.log": log.slice(0, 20_000) });
    const args = ["parse", "one/train.log", "two/train.log", "--wandb-project", project];
    const done = await runHere("run", args, { env: env(), folder });
    check(done, { code: 0, stderr: /acknowledged[\s\S]*acknowledged/ });
    expect(server.history(project, "train")).toHaveLength(80);
    expect(server.history(project, "train-2").length).toBeGreaterThan(10);
  });

  test("a name that W&B does not take is refused before anything is read", async () => {
    check(await parse(["--wandb-run-name", "a/b"]), { code: 2, stderr: /run id/ });
  });

  test("without a key it says what to do, before anything is read", async () => {
    const done = await parse([], { env: { WANDB_BASE_URL: server.url, HOME: "/nonexistent" } });
    check(done, {
      code: 2,
      stderr: /no W&B API key was found: set WANDB_API_KEY .* WANDB_MODE=offline /,
    });
    // The command has no such flag.
    expect(done.stderr).not.toContain("--no-wandb");
  });

  test("offline it writes the official file and needs no key", async () => {
    const done = await parse([], { env: { WANDB_MODE: "offline", HOME: "/nonexistent" } });
    check(done, {
      code: 0,
      stderr: /80 rows are in the offline file; to upload them: marian-tracking sync /,
    });
  });

  test("what the server refuses is in the offline file, and the exit code says so", async () => {
    server.inject({
      endpoint: "file_stream",
      fault: { kind: "status", status: 400 },
      times: Number.POSITIVE_INFINITY,
    });
    const done = await parse(["--json"]);
    expect(done.code).toBe(3);
    const { inputs, exit_code } = JSON.parse(done.stdout) as {
      exit_code: number;
      inputs: { wandb: Record<string, unknown>; sink_errors: string[]; training: number }[];
    };
    expect(exit_code).toBe(3);
    expect(inputs[0]).toMatchObject({ training: 87, wandb: { acknowledged: 0, spooled: 80 } });
    expect(inputs[0]?.sink_errors.join()).toContain("80 rows did not reach the server");
    // The other sinks are whole.
    expect(readFileSync(join(done.folder, "output/training.csv"), "utf8").split("\r\n")).toHaveLength(89);
  });

  test("a refused key is a sentence, and the CSV is written all the same", async () => {
    const done = await parse([], { env: { ...env(), WANDB_API_KEY: "x".repeat(40) } });
    check(done, { code: 3, stderr: /NOT WRITTEN W&B: / });
    expect(done.stderr).not.toContain("x".repeat(40));
    expect(readFileSync(join(done.folder, "output/training.csv"), "utf8").split("\r\n")).toHaveLength(89);
  });

  test("killed at any request and run again, it gives the same run", { timeout: 240_000 }, async () => {
    const short = start() + Array.from({ length: 80 }, (_, row) => train(row + 1)).join("");
    const folder = freshFolder({ "student/train.log": short, "logs/a.txt": "a\n" });
    const args = ["parse", "student/train.log", "--wandb-project", project, "--wandb-artifacts", "logs"];
    const begin = async () => {
      const own = await StandInServer.start();
      const options = { folder, env: { WANDB_BASE_URL: own.url, WANDB_API_KEY: own.apiKey } };
      return { own, options };
    };
    const whole = await begin();
    check(await runHere("run", args, whole.options), { code: 0, stderr: /80 of 80 rows/ });
    const expected = picture(whole.own, "student", project);
    const requests = whole.own.requests.length;
    await whole.own.close();
    for (let after = 0; after < requests; after += 1) {
      const { own, options } = await begin();
      // Killed before the request is carried out, and after, in turns.
      const kind = after % 2 === 0 ? "hang" : "drop-answer";
      own.inject({ fault: { kind }, after, times: Number.POSITIVE_INFINITY });
      const live = startBinary("run", args, options);
      await eventually(() => own.requests.length > after, live);
      live.child.kill("SIGKILL");
      expect((await live.done).signal).toBe("SIGKILL");
      own.heal();
      const again = await runHere("run", args, options);
      expect([after, again.code, again.stderr]).toEqual([after, 0, expect.anything()]);
      expect(picture(own, "student", project)).toEqual(expected);
      expect(own.violations).toEqual([]);
      await own.close();
    }
  });
});

describe("parse_tc_logs", () => {
  test("publishes with a project and consent, live", async () => {
    const args = [
      "-s",
      "--wandb-project",
      project,
      "--wandb-run-name",
      "teacher-1_Abcde",
      "--wandb-publication",
    ];
    const done = await runHere("parse_tc_logs", args, { env: env(), stdin: log });
    check(done, { code: 0, stdout: log, stderr: /W&B: 80 of 80 rows sent were acknowledged/ });
    expect(server.history(project, "teacher-1_Abcde")).toHaveLength(80);
  });

  test("SIGTERM flushes what has come", async () => {
    const args = ["-s", "--wandb-project", project, "--wandb-run-name", "t", "--wandb-publication"];
    const live = startBinary("parse_tc_logs", args, { env: env() });
    // The last line is being written: half of its last number has come.
    const half = log.slice(0, log.indexOf("\n", log.indexOf("Up. 5000 ")) - 1);
    live.child.stdin.write(half);
    await live.until((stdout) => stdout.length === half.length);
    live.child.kill("SIGTERM");
    live.child.stdin.end();
    const done = await live.done;
    expect([done.code, done.signal]).toEqual([143, null]);
    expect(server.history(project, "t").map(({ _step }) => _step)).toEqual([
      500, 1000, 1500, 2000, 2500, 3000, 3500, 4000, 4500,
    ]);
  });

  test("a file gives its path to the configuration", async () => {
    const args = ["-i", "student/train.log", "--wandb-project", project, "--wandb-publication"];
    check(await runHere("parse_tc_logs", args, { env: env(), folder: withLog() }), {
      code: 0,
      stderr: /acknowledged/,
    });
    const config = JSON.parse(server.run(project, "student").config) as Record<string, { value: unknown }>;
    expect(config["logs_file"]?.value).toBe("student/train.log");
    expect(Object.keys(config).sort()).toEqual(
      ["_wandb", "arguments", "logs_file", "marian", "model", "opustrainer", "segments", "training"].sort(),
    );
  });
});
