// What publishing a whole archive costs, and that killing it costs no row: `archive` to the stand-in W&B server.
//
//   node bench/archive-publish.mjs [--quick] [--runs N]
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { must, root } from "../scripts/tools.mjs";
import { archiveTree } from "./archive-tree.mjs";
import { measure } from "./measure.mjs";
import { startWandbServer } from "./wandb-server.mjs";

const grouped = (count) => Math.round(count).toLocaleString("en-US");
/** The program ends with 1, as the archive has broken logs. */
const BROKEN = ["bash", "-c", '"$@" || [ $? = 1 ]', "bash"];

function place(server, scratch) {
  return {
    ...process.env,
    WANDB_BASE_URL: server.url,
    WANDB_API_KEY: server.apiKey,
    WANDB_ENTITY: server.entity,
    WANDB_DIR: scratch,
    XDG_CACHE_HOME: join(scratch, "cache"),
  };
}

/** A server and a folder of their own for `use`. */
async function withServer(use) {
  const server = await startWandbServer();
  const scratch = mkdtempSync(join(tmpdir(), "bench-publish-"));
  try {
    return await use(server, place(server, scratch));
  } finally {
    await server.close();
    rmSync(scratch, { recursive: true, force: true });
  }
}

const command = (tree) => [process.execPath, join(root, "bin/run.js"), "archive", tree.folder, "--quiet"];

async function publish(tree, environment) {
  const variables = Object.entries(environment).map((pair) => pair.join("="));
  return await measure(["env", "-i", ...variables, ...BROKEN, ...command(tree)]);
}

/** Starts the command and kills it after so many seconds; says whether it was still at work. */
async function killAfter(seconds, tree, env) {
  const [program, ...rest] = command(tree);
  const child = spawn(program, rest, { env, stdio: "ignore" });
  const ended = once(child, "close");
  await Promise.race([sleep(seconds * 1000), ended]);
  child.kill("SIGKILL");
  const [, signal] = await ended;
  return signal === "SIGKILL";
}

/** Measures, and returns the lines of a table for the README. */
export async function archivePublishTable({ quick, show, runs = quick ? 20 : 200 }) {
  const tree = archiveTree({ runs, megabytes: runs });
  const lines = [];
  const say = (line) => {
    lines.push(line);
    show(line);
  };
  say(`\`archive\` of ${grouped(runs)} of these runs to the stand-in W&B server, in a process of its own.`);
  say("");
  say("| | CPU s | wall s | rows/s (wall) | requests | peak MB | the server holds |");
  say("|---|---:|---:|---:|---:|---:|---|");
  const clean = await withServer(async (server, environment) => {
    const { cpu, wall, peak } = await publish(tree, environment);
    const held = await server.ask("digest");
    const { total } = await server.ask("requests");
    const costs = `${cpu.toFixed(1)} | ${wall.toFixed(1)} | ${grouped(held.rows / wall)} | ${grouped(total)} | ${peak.toFixed(0)}`;
    say(`| one run of the command | ${costs} | ${grouped(held.rows)} rows in ${grouped(held.runs)} runs |`);
    const again = await publish(tree, environment);
    const requests = (await server.ask("requests")).total - total;
    const same = (await server.ask("digest")).digest === held.digest ? "the same" : "**something else**";
    say(
      `| the same again | ${again.cpu.toFixed(1)} | ${again.wall.toFixed(1)} | | ${grouped(requests)} | ${again.peak.toFixed(0)} | ${same} |`,
    );
    return { ...held, wall };
  });
  await withServer(async (server, environment) => {
    const times = Array.from({ length: 3 }, () => (0.1 + 0.5 * Math.random()) * clean.wall);
    const killed = [];
    for (const seconds of times) {
      if (await killAfter(seconds, tree, environment)) killed.push(`${seconds.toFixed(1)} s`);
    }
    await publish(tree, environment);
    const held = await server.ask("digest");
    const same = held.digest === clean.digest ? "the same" : `**not the same: ${grouped(held.rows)} rows**`;
    const { total } = await server.ask("requests");
    say(`| killed with -9 after ${killed.join(", ")}, and again | | | | ${grouped(total)} | | ${same} |`);
    for (const fault of held.faults.slice(0, 5)) console.error(fault);
    if (held.digest !== clean.digest) process.exitCode = 1;
  });
  return lines;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  must(process.execPath, ["scripts/build.mjs"]);
  const at = process.argv.indexOf("--runs");
  const runs = at < 0 ? undefined : Number(process.argv[at + 1]);
  await archivePublishTable({ quick: process.argv.includes("--quick"), show: console.log, runs });
}
