// Runs a command and tells what it cost: CPU seconds, wall seconds, peak memory.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";

/** The highest VmHWM (in MB) of the processes below `pid`; 0 where there is no /proc. */
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

/** The run of least CPU among several: the others were disturbed more. */
export async function best(command, runs) {
  const all = [];
  for (let run = 0; run < runs; run += 1) all.push(await measure(command));
  const least = all.reduce((one, other) => (other.cpu < one.cpu ? other : one));
  return { ...least, peak: Math.max(...all.map(({ peak }) => peak)) };
}
