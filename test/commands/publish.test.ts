/** `publish`: the one writer to Weights & Biases. */
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { check, eventually, freshFolder, startBinary } from "../cli/run-binary.js";
import { runHere } from "../cli/run-here.js";
import { start, train, valid } from "../cli/sample-logs.js";
import { GROUP } from "../cli/scale-archive.js";
import { StandInServer } from "../servers/wandb/index.js";

function log(rows: number): string {
  return start() + Array.from({ length: rows }, (_, up) => train(up + 1)).join("") + valid(rows, "chrf", 50);
}

const files = (): Record<string, string> => ({
  [`archive/logs/en-hu/${GROUP}/student/train.log`]: log(30),
  [`archive/logs/en-hu/${GROUP}/teacher-1/train.log`]: log(20),
  [`archive/models/en-hu/${GROUP}/evaluation/student/flores_devtest.metrics`]: "30.5\n60.5\n0.85\n",
  [`archive/models/en-hu/${GROUP}/evaluation/quantized/flores_devtest.metrics.json`]:
    '{"bleu":{"score":29.5}}',
  [`archive/experiments/en-hu/${GROUP}/config.yml`]: "experiment:\n  name: base\n",
  "archive/models/en-hu/snake/student/train.log": log(10),
});

let server: StandInServer;
let folder: string;
beforeEach(async () => {
  server = await StandInServer.start();
  folder = freshFolder(files());
  await run("plan", "archive", "-o", "m.ndjson");
  for (const i of [1, 2, 3])
    await run("archive", "--manifest", "m.ndjson", "--shard", `${i}/3`, "-o", "out", "--format", "parquet");
});
afterEach(() => server.close());

const env = () => ({ WANDB_BASE_URL: server.url, WANDB_API_KEY: server.apiKey, XDG_CACHE_HOME: "cache" });
const run = (...args: string[]) => runHere("run", args, { folder, env: env() });
const publish = (...args: string[]) => run("publish", "--from", "out", ...args);

/** Everything that the server holds. */
function state(): unknown {
  return [...server.store.runs.keys()].sort().map((key) => {
    const [project = "", id = ""] = key.split("/").slice(-2);
    return [key, server.history(project, id), server.run(project, id).config, server.run(project, id).group];
  });
}

/** The runs and their rows, without ids of uploads, and without the time where no log tells it. */
function shape(): unknown {
  return [...server.store.runs.keys()].sort().map((key) => {
    const [project = "", id = ""] = key.split("/").slice(-2);
    const rows = server.history(project, id).map((row) => {
      const text = JSON.stringify(row).replaceAll(/wandb-client-artifact:\/\/\w+/g, "");
      return "cost" in row ? text : text.replace(/"_timestamp":[\d.]+/, "");
    });
    return [project, id, rows, server.run(project, id).group];
  });
}

describe("publish", () => {
  test("sends what the shards read, each run whole, and the run of each group", async () => {
    check(await publish("--ledger", "l.ndjson", "--tags", "old"), {
      code: 0,
      stderr: /W&B: 2 groups, 6 runs: 6 new/,
    });
    expect(server.history("en-hu", "student_aY25-")).toHaveLength(30);
    expect(server.history("en-hu", "student_snake")).toHaveLength(10);
    expect(server.run("en-hu", "student_aY25-")).toMatchObject({ group: GROUP, tags: ["old"] });
    const config = JSON.parse(server.run("en-hu", "group_logs_aY25-").config);
    expect(config).toMatchObject({ experiment: { value: { name: "base" } } });
    expect([...server.store.runs.keys()].some((key) => key.endsWith("/quantized_aY25-"))).toBe(true);
  });

  test("the same delivered twice is the same: from the ledger, without it, and from shards that were read again", async () => {
    await publish("--ledger", "l.ndjson");
    const once = state();
    check(await publish("--ledger", "l.ndjson"), { code: 0, stderr: /6 unchanged/ });
    expect(state()).toEqual(once);
    rmSync(join(folder, "out/shard-2-of-3"), { recursive: true });
    await run("archive", "--manifest", "m.ndjson", "--shard", "2/3", "-o", "out", "--format", "csv");
    check(await publish("--ledger", "l.ndjson"), { code: 0, stderr: /6 unchanged/ });
    expect(state()).toEqual(once);
    check(await publish("--ledger", "other.ndjson"), { code: 0, stderr: /./ });
    expect(state()).toEqual(once);
  });

  test.each(["GraphQL", "rows", "uploads"])(
    "killed in its %s and delivered again, it leaves what one delivery leaves",
    async (place) => {
      await publish("--ledger", "clean.ndjson");
      const wanted = shape();
      await server.close();
      server = await StandInServer.start();
      const endpoint =
        ({ GraphQL: "graphql", rows: "file_stream", uploads: "upload" } as const)[place] ?? "graphql";
      server.inject({ endpoint, fault: { kind: "hang" }, after: 2, times: Number.POSITIVE_INFINITY });
      const args = ["publish", "--from", "out", "--ledger", "l.ndjson"];
      const live = startBinary("run", args, { folder, env: env() });
      await eventually(() => server.requestsOf(endpoint).length > 2, live);
      live.child.kill("SIGKILL");
      await live.done;
      server.heal();
      for (const _time of [1, 2]) {
        check(await publish("--ledger", "l.ndjson"), { code: 0, stderr: /6 runs/ });
        expect(shape()).toEqual(wanted);
      }
      check(await publish("--ledger", "l.ndjson"), { code: 0, stderr: /6 unchanged/ });
    },
  );

  test("a manifest that is there twice counts once, and may be named itself", async () => {
    writeFileSync(join(folder, "out/manifest-copy.ndjson"), readFileSync(join(folder, "m.ndjson")));
    check(await publish(), { code: 0, stderr: /6 new/ });
    check(await publish(), { code: 0, stderr: /6 unchanged/ });
    check(await run("publish", "--from", "m.ndjson", "--ledger", "out/ledger.ndjson"), {
      code: 0,
      stderr: /6 unchanged/,
    });
  });

  test.each([
    [{ WANDB_API_KEY: "" }, /no W&B API key was found: set WANDB_API_KEY .* WANDB_MODE=offline /],
    [{ WANDB_MODE: "disabled" }, /nothing to do: Weights & Biases is switched off by WANDB_MODE/],
  ])("with %j it says what to do, and names no flag that it does not have", async (variables, stderr) => {
    const args = ["publish", "--from", "out", "--ledger", "l.ndjson"];
    const done = await runHere("run", args, { folder, env: { ...env(), ...variables } });
    check(done, { code: 2, stderr });
    expect(done.stderr).not.toMatch(/--no-wandb|-o\b/);
  });

  test("--dry-run sends nothing", async () => {
    const done = await publish("--dry-run");
    expect(done.code).toBe(0);
    expect(done.stdout).toMatch(/new +student_aY25-: 30 training rows/);
    expect(server.store.runs.size).toBe(0);
  });

  test("a log that changed since is told, and the others go", async () => {
    writeFileSync(join(folder, "archive/models/en-hu/snake/student/train.log"), log(12));
    check(await publish(), { code: 1, stderr: /changed since it was listed/ });
    expect(server.history("en-hu", "student_aY25-")).toHaveLength(30);
  });

  test.each<[string, () => void, RegExp]>([
    [
      "a missing shard",
      () => rmSync(join(folder, "out/shard-2-of-3"), { recursive: true }),
      /1 of 3 shards are missing \(2\)/,
    ],
    [
      "shards of two jobs",
      () => renameSync(join(folder, "out/shard-3-of-3"), join(folder, "out/shard-4-of-9")),
      /shards of different jobs/,
    ],
    ["no manifest", () => rmSync(join(folder, "out"), { recursive: true }), /out: there is no such file/],
    [
      "two that differ",
      () => {
        const text = readFileSync(join(folder, "m.ndjson"), "utf8");
        writeFileSync(join(folder, "out/manifest.ndjson"), text.replaceAll('"size":', '"size":1'));
      },
      /is in .* and, with other files, in/,
    ],
  ])("%s is refused", async (_what, spoil, message) => {
    spoil();
    check(await publish(), { code: 2, stderr: message });
    expect(server.store.runs.size).toBe(0);
  });
});
