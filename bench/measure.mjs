// Runs commands and tells what they cost: CPU seconds, wall seconds, peak memory.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, rmdirSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { root } from "../scripts/tools.mjs";

// Where it is set, Node 20 reads the file at every start, which costs 45 to 60 ms of CPU.
delete process.env.NODE_EXTRA_CA_CERTS;

/** The highest VmHWM (in MB) of the processes below `pid`; 0 without /proc. */
function peakBelow(pid) {
  let peak = 0;
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
    for (const child of children.split(" ").filter(Boolean)) {
      const status = readFileSync(`/proc/${child}/status`, "utf8");
      peak = Math.max(peak, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1000, peakBelow(child));
    }
  } catch {
    // The process has ended, or this is no Linux.
  }
  return peak;
}

/** Runs `command` once. bash's `time` counts the CPU of the whole command, its threads and its end included. */
export async function measure(command) {
  const shell = spawn("bash", ["-c", 'TIMEFORMAT="%R %U %S"; time "$@" 2>/dev/null', "bash", ...command], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  let times = "";
  shell.stdout.on("data", (chunk) => (output += chunk));
  shell.stderr.on("data", (chunk) => (times += chunk));
  let peak = 0;
  const watch = setInterval(() => (peak = Math.max(peak, peakBelow(shell.pid))), 10);
  const [code] = await once(shell, "close");
  clearInterval(watch);
  if (code !== 0) throw new Error(`${command.join(" ")} ended with ${code}: ${times}`);
  const [wall, user, system] = times.trim().split("\n").at(-1).split(" ").map(Number);
  return { wall, cpu: user + system, peak, output };
}

/**
 * The same for a command that does not wait for all processes that it starts, as Spark: a control group counts their CPU,
 * too. Where none can be made, that is said.
 */
export async function measureAll(command) {
  const group = controlGroup();
  if (group === undefined) {
    console.error("no control group can be made here: the CPU of Spark's workers is missing");
    return await measure(command);
  }
  try {
    const join = 'echo $$ >"$1"; shift; exec "$@"';
    const cost = await measure(["bash", "-c", join, "bash", group.members, ...command]);
    return { ...cost, cpu: group.seconds() };
  } finally {
    group.remove();
  }
}

/** A new control group of Linux, of either version; undefined where none can be made. */
function controlGroup() {
  const kinds = [
    { base: "/sys/fs/cgroup/cpuacct", file: "cpuacct.usage", unit: 1e9 },
    { base: "/sys/fs/cgroup", file: "cpu.stat", unit: 1e6 },
  ];
  for (const { base, file, unit } of kinds) {
    const place = join(base, `bench-${process.pid}`);
    const seconds = () => Number(/\d+/.exec(readFileSync(join(place, file), "utf8"))?.[0]) / unit;
    try {
      mkdirSync(place);
      seconds();
      return { members: join(place, "cgroup.procs"), seconds, remove: () => removeFolder(place) };
    } catch {
      removeFolder(place);
    }
  }
  return undefined;
}

function removeFolder(place) {
  try {
    rmdirSync(place);
  } catch {
    // It was not made, or has processes that end later.
  }
}

/** The run of least CPU among several: the others were disturbed more. Its peak memory is the highest of all. */
function least(all) {
  const one = all.reduce((least, other) => (other.cpu < least.cpu ? other : least));
  return {
    ...one,
    wall: Math.min(...all.map(({ wall }) => wall)),
    peak: Math.max(...all.map(({ peak }) => peak)),
  };
}

export async function best(command, runs) {
  return (await interleaved([() => measure(command)], runs))[0];
}

/** The best of each of several measurements, run A B C A B C: what disturbs the machine meanwhile disturbs them all. */
export async function interleaved(measurements, runs) {
  const all = measurements.map(() => []);
  for (let run = 0; run < runs; run += 1) {
    for (const [index, once] of measurements.entries()) all[index].push(await once());
  }
  return all.map(least);
}

/**
 * How many times as fast a row is as native Rust, as the best rival and as this program before: by the work (megabytes,
 * rows) per CPU second. A cell is empty if no row has that role.
 */
export function ratios(row, rows) {
  const speed = ({ work = 1, cpu }) => work / cpu;
  const over = (role) => {
    const speeds = rows.filter((other) => other.role === role).map(speed);
    return speeds.length === 0 ? "" : times(speed(row) / Math.max(...speeds));
  };
  return ["native", "rival", "before"].map(over);
}

/** How many times as fast: `1.06x`. */
export const times = (ratio) => `${Number(ratio.toPrecision(3))}x`;

export const grouped = (count) => Math.round(count).toLocaleString("en-US");

/** A list of lines, and a function that adds one and shows it. */
export function page(show) {
  const lines = [];
  const say = (line) => {
    lines.push(line);
    show(line);
  };
  return { lines, say };
}

/** What a table was made on. */
export function machine() {
  const git = (...args) =>
    spawnSync("git", args, { cwd: root, encoding: "utf8" }).stdout?.trim() || "unknown";
  const commit = git("rev-parse", "--short", "HEAD");
  const date = new Date().toISOString().slice(0, 10);
  return `${date}, commit ${commit}, ${cpus()[0].model.trim()}, ${cpus().length} cores, Node ${process.versions.node}`;
}
