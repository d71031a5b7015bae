// The pipe after a training: how much later its lines come, and what CPU it takes, beside `cat`. No network: W&B
// writes its offline file.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { page } from "./measure.mjs";

const RATE = 1000;
/** Lines come in bursts, as a training's standard output does. */
const BURST = 10;
const TICKS = 100;

function line(number) {
  const measured = number % 50 === 0;
  const text = measured
    ? `[2026-11-23 10:00:00] Ep. 1 : Up. ${number} : Sen. ${number * 100} : Cost 5.25 : Time 12.50s : 8000.25 words/s : gNorm 1.0625`
    : `[2026-11-23 10:00:00] [data] a line of a training that says nothing of interest to anybody, number ${number}`;
  return `${text}\n`;
}

/** CPU seconds of a process and all below it. */
function cpuOf(pid) {
  const path = `/proc/${pid}/stat`;
  if (!existsSync(path)) return 0;
  const fields = readFileSync(path, "utf8")
    .replace(/^.*\) /, "")
    .split(" ");
  const own = (Number(fields[11]) + Number(fields[12])) / TICKS;
  const children = readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, "utf8").split(" ").filter(Boolean),
  );
  return own + children.reduce((sum, child) => sum + cpuOf(Number(child)), 0);
}

async function measure(command, seconds) {
  const folder = mkdtempSync(join(tmpdir(), "bench-online-"));
  const child = spawn(command[0], command.slice(1), {
    cwd: folder,
    env: { ...process.env, WANDB_MODE: "offline", WANDB_DIR: folder, WANDB_PUBLICATION: "true" },
    stdio: ["pipe", "pipe", "ignore"],
  });
  const sent = [];
  const delays = [];
  let first;
  let got = 0;
  const started = performance.now();
  child.stdout.on("data", (chunk) => {
    const now = performance.now();
    first ??= now - started;
    for (const byte of chunk) if (byte === 10) delays.push(now - sent[got++]);
  });
  let number = 0;
  const write = () => {
    for (let index = 0; index < BURST; index += 1) {
      sent.push(performance.now());
      child.stdin.write(line(number++));
    }
  };
  write();
  await sleep(2500);
  const startCpu = cpuOf(child.pid);
  const begin = delays.length;
  const end = performance.now() + seconds * 1000;
  for (let next = performance.now(); next < end; next += (1000 * BURST) / RATE) {
    await sleep(Math.max(0, next - performance.now()));
    write();
  }
  await sleep(200);
  const cpu = cpuOf(child.pid) - startCpu;
  child.stdin.end();
  await new Promise((resolve) => child.once("close", resolve));
  const sorted = delays.slice(begin).sort((a, b) => a - b);
  const at = (part) => sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN;
  return {
    first,
    startCpu,
    cpu: (100 * cpu) / seconds,
    median: at(0.5),
    p99: at(0.99),
    worst: at(1),
  };
}

/** Measures, and returns the lines of a table. */
export async function onlineTable({ quick, programs, show }) {
  const seconds = quick ? 3 : 20;
  const { lines, say } = page(show);
  const rivals = [["`cat`", ["cat"]]];
  for (const { label, folder } of programs) {
    const command = [process.execPath, join(folder, "bin/parse_tc_logs.js"), "--from-stream"];
    rivals.push([`**parse_tc_logs --from-stream**${label}, CSV and NDJSON`, command]);
    rivals.push([
      `the same${label}, W&B's offline file and system metrics too`,
      [...command, "--wandb-project", "p", "--wandb-run-name", "r"],
    ]);
  }
  say(
    `A training that prints ${RATE.toLocaleString("en-US")} lines a second, for ${seconds} s. Delays in ms, from the writing of a line to its reading after the pipe.`,
  );
  say("");
  say("| | first line | median | 99 % | worst | CPU s at start | CPU while it trains |");
  say("|---|---:|---:|---:|---:|---:|---:|");
  for (const [name, command] of rivals) {
    const { first, median, p99, worst, startCpu, cpu } = await measure(command, seconds);
    const delays = [first, median, p99, worst].map((value) => value.toFixed(1)).join(" | ");
    say(`| ${name} | ${delays} | ${startCpu.toFixed(2)} | ${cpu.toFixed(1)} % of a core |`);
  }
  return lines;
}
