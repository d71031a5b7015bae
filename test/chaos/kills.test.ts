/** Processes that are killed at any moment: old or new results, and nothing else after the next run. */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { start, train, valid } from "../cli/sample-logs.js";

const RUN = fileURLToPath(new URL("../../bin/run.js", import.meta.url));
const rounds = Number(process.env["MARIAN_TRACKING_KILLS"] ?? 9);

/** Numbers from 0 to 1, the same each time. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
}

function log(updates: number, cost: string): string {
  let text = start();
  for (let up = 1; up <= updates; up += 1) text += train(up).replace(/Cost \S+/, `Cost ${cost}`);
  return text + valid(updates, "chrf", cost);
}

/** Runs a command; with `after`, kills it that many milliseconds later. */
async function run(folder: string, args: readonly string[], after?: number): Promise<void> {
  const env = { ...process.env, TMPDIR: join(folder, "tmp") };
  const child = spawn(process.execPath, [RUN, ...args], { cwd: folder, env, stdio: "ignore" });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const timer = after === undefined ? undefined : setTimeout(() => child.kill("SIGKILL"), after);
  await ended;
  clearTimeout(timer);
}

test(`after ${rounds} kills results are old or new, and the next run leaves nothing else`, async () => {
  const next = random(20261130);
  const folder = mkdtempSync(join(tmpdir(), "kills-"));
  mkdirSync(join(folder, "tmp"));
  mkdirSync(join(folder, "out"));
  const commands = [
    ["parse", "a.log", "-o", "out", "-q"],
    ["parse", "a.log", "-o", "out", "--format", "ndjson", "-q"],
    ["report", "a.log", "-o", "out/report.html", "-q"],
  ];
  const texts = [log(20_000, "1.5"), log(20_000, "2.5")];
  const write = (round: number) => writeFileSync(join(folder, "a.log"), texts[round % 2] ?? "");
  write(0);
  for (const command of commands) await run(folder, command);
  const names = readdirSync(join(folder, "out")).sort();
  expect(names).toEqual(["measurements.ndjson", "report.html", "training.csv", "validation.csv"]);
  for (let round = 1; round <= rounds; round += 1) {
    write(round);
    await run(folder, commands[round % commands.length] ?? [], 80 + next() * 400);
    const csv = (name: string) => readFileSync(join(folder, "out", name), "utf8");
    const rows = csv("training.csv").trimEnd().split("\r\n").slice(1);
    expect(rows).toHaveLength(20_000);
    const costs = new Set(rows.map((row) => row.split(",")[3]));
    expect(costs.size).toBe(1);
    // Both files are of one run.
    expect(csv("validation.csv")).toContain(`,${[...costs][0]},`);
    expect(csv("measurements.ndjson").trimEnd().split("\n")).toHaveLength(20_002);
  }
  for (const command of commands) await run(folder, command);
  expect(readdirSync(join(folder, "out")).sort()).toEqual(names);
  expect(readdirSync(join(folder, "tmp"))).toEqual([]);
});
