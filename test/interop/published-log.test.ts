/** A log published by the program, read back by the official client. */
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freshFolder } from "../cli/run-binary.js";
import { runHere } from "../cli/run-here.js";
import { shared, sharedIsThere } from "../golden/shared.js";
import { StandInServer } from "../servers/wandb/index.js";
import { type OfficialRun, official, officialClientFound } from "./official-client.js";

interface Call {
  readonly step?: number;
  readonly data?: Readonly<Record<string, unknown>>;
}

/** Rows by step, as `run.log` merges them. */
function merged(calls: readonly Call[]): unknown[] {
  const rows = new Map<number, Record<string, unknown>>();
  for (const { step, data } of calls) if (step !== undefined) rows.set(step, { ...rows.get(step), ...data });
  return [...rows].sort(([one], [other]) => one - other).map(([_step, values]) => ({ _step, ...values }));
}

function withoutClock(rows: OfficialRun["scan"]): unknown[] {
  return rows.map((row) =>
    Object.fromEntries(
      Object.entries(row).filter(
        ([key, value]) => key !== "_timestamp" && key !== "_runtime" && value !== null,
      ),
    ),
  );
}

const fixture = fileURLToPath(new URL("../../fixtures/train.log", import.meta.url));
let server: StandInServer;

beforeAll(async () => {
  server = await StandInServer.start();
});
afterAll(() => server.close());

async function publish(log: string, ...more: string[]): Promise<OfficialRun> {
  const args = [
    "parse",
    log,
    "--wandb-project",
    "ru-en",
    "--wandb-run-name",
    "run_MjcJG",
    "--wandb-group",
    "exp_G",
    ...more,
  ];
  const env = { WANDB_BASE_URL: server.url, WANDB_API_KEY: server.apiKey };
  const done = await runHere("run", args, { env, folder: freshFolder() });
  expect([done.code, done.stderr]).toEqual([0, expect.stringContaining("were acknowledged")]);
  const home = mkdtempSync(join(tmpdir(), "official-"));
  const [run] = await official(server, home, [{ do: "read", path: `${server.entity}/ru-en/run_MjcJG` }]);
  return run as OfficialRun;
}

describe.skipIf(!officialClientFound)("the official client reads", () => {
  test("group, tags, state, configuration, console log and the log's own time", async () => {
    const run = await publish(fixture, "--tags", "one", "--tags", "two");
    expect([run.group, [...run.tags].sort(), run.state]).toEqual(["exp_G", ["one", "two"], "finished"]);
    expect(run.config).toMatchObject({
      marian: { "learn-rate": 0.0003, "optimizer-params": [0.9, 0.98, "1e-09"] },
      arguments: { model: "model.npz", "sync-sgd": true },
      model: null,
      segments: [{ segment: 0, line: 1 }],
    });
    expect(run.scan).toHaveLength(80);
    expect(new Date((run.scan[0]?.["_timestamp"] as number) * 1000).toISOString()).toMatch(
      /^2024-03-04T09:1/,
    );
    expect(run.console).toHaveLength(readFileSync(fixture, "utf8").trimEnd().split("\n").length);
  });

  test.skipIf(!sharedIsThere)("the history that the reference recorded", async () => {
    const calls = JSON.parse(readFileSync(shared("archives/taskcluster_wandb_calls.json"), "utf8")) as Call[];
    const run = await publish(shared("archives/taskcluster.log"), "--override-runs");
    expect(withoutClock(run.scan)).toEqual(merged(calls));
  });
});
