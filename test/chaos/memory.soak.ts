/** Memory over time: of the pipe, of the process that reads for it, and of `parse --follow`. */
import { type ChildProcess, spawn } from "node:child_process";
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { binaryPath, cleanEnvironment, freshFolder } from "../cli/run-binary.js";
import { StandInServer } from "../servers/wandb/index.js";

/** How long, in seconds, and how many lines a second; every other one is a measurement. */
const SECONDS = Number(process.env["CHAOS_SOAK"] ?? 600);
const LINES = 2000;
/** Seconds until the memory is what it is to stay; the mean of so many samples, a second apart, is what counts. */
const SETTLED = 60;
const SAMPLES = 10;
/** By so much memory may grow after that. */
const GROWTH = 1.1;

test("memory at the end is at most a tenth over that after the first minute", async () => {
  const server = await StandInServer.start();
  const folder = freshFolder();
  const log = join(folder, "train.log");
  writeFileSync(log, head());
  const env = cleanEnvironment({
    HOME: folder,
    WANDB_DIR: folder,
    WANDB_BASE_URL: server.url,
    WANDB_API_KEY: server.apiKey,
    WANDB_PUBLICATION: "true",
  });
  const start = (binary: "run" | "parse_tc_logs", args: readonly string[]) =>
    spawn(process.execPath, [binaryPath(binary), ...args], {
      cwd: folder,
      env,
      stdio: ["pipe", "ignore", "ignore"],
    });
  const pipe = start("parse_tc_logs", [
    "-s",
    "--wandb-project",
    "soak",
    "--wandb-run-name",
    "pipe",
    "-o",
    "pipe",
  ]);
  const follow = start("run", [
    "parse",
    "--follow",
    log,
    "--wandb-project",
    "soak",
    "--wandb-run-name",
    "follow",
    "-o",
    "follow",
  ]);
  pipe.stdin.write(head());
  const rss = new Map<string, number[]>();
  let update = 0;
  const began = Date.now();
  try {
    for (let second = 1; second <= SECONDS; second += 1) {
      let text = "";
      for (let line = 0; line < LINES / 2; line += 1) {
        update += 1;
        text += rowAndText(update);
      }
      appendFileSync(log, text);
      if (!pipe.stdin.write(text)) await new Promise((resolve) => pipe.stdin.once("drain", resolve));
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, began + 1000 * second - Date.now())));
      for (const [name, pid] of Object.entries(processes(pipe, follow)))
        rss.set(name, [...(rss.get(name) ?? []), memoryOf(pid)]);
    }
  } finally {
    pipe.stdin.end();
    follow.kill("SIGTERM");
    await Promise.all([pipe, follow].map((child) => new Promise((resolve) => child.once("close", resolve))));
    await server.close();
  }
  const grown: string[] = [];
  for (const [name, samples] of rss) {
    const settled = mean(samples.slice(SETTLED, SETTLED + SAMPLES));
    const end = mean(samples.slice(-SAMPLES));
    const every = samples.filter((_, second) => second % 30 === 29).map((sample) => sample.toFixed(0));
    process.stdout.write(
      `${name}: ${settled.toFixed(1)} MB after ${SETTLED} s, ${end.toFixed(1)} MB after ${samples.length} s (${update} rows), most ${Math.max(...samples).toFixed(1)} MB; each 30 s: ${every.join(" ")}\n`,
    );
    if (end > settled * GROWTH) grown.push(name);
  }
  expect(grown).toEqual([]);
  expect([...rss.keys()]).toEqual(["pipe", "reader", "follow"]);
});

function processes(pipe: ChildProcess, follow: ChildProcess): Record<string, number> {
  const children = readFileSync(`/proc/${pipe.pid}/task/${pipe.pid}/children`, "utf8").trim().split(" ");
  return { pipe: pipe.pid ?? 0, reader: Number(children[0]), follow: follow.pid ?? 0 };
}

/** Resident memory in MB. */
function memoryOf(pid: number): number {
  const [, kilobytes] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kilobytes) / 1024;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function head(): string {
  return "[2026-11-23 10:00:00] [marian] Marian v1.12.14 2d067afb 2024-02-16 11:44:13 -0500\n";
}

function rowAndText(update: number): string {
  const cost = (10 - (update % 9000) / 1000).toFixed(8);
  return `[2026-11-23 10:00:00] Ep. 1 : Up. ${update} : Sen. ${update * 32} : Cost ${cost} : Time 0.50s : 9000.25 words/s : gNorm 0.5000\n[2026-11-23 10:00:00] [data] Reading batch ${update} of the shuffled corpus from temporary files\n`;
}
