// Where the CPU time of `parse` goes, by Linux's perf: the core, JavaScript, compilers, garbage collection, the system.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { benchLog } from "./logs.mjs";
import { grouped, page } from "./measure.mjs";

/** Kinds of work, each by the names of its functions; the first that fits counts. */
const KINDS = [
  ["the core (wasm)", /JS:wasm-function|Builtins_.*[Ww]asm/],
  [
    "garbage collection",
    /Mark(?:ing|Compact)|Sweep|Scaveng|Evacuat|Heap(?!Number)|NewSpace|Pretenuring|IteratePointers|Worklist/,
  ],
  [
    "compilers",
    /compiler::|wasm::|maglev|baseline|interpreter::|Parser|Scanner|Bytecode|Assembler|Register|Turbo|Graph|Zone|Deserial|Compil|Ast[A-Z]/,
  ],
  ["JavaScript", /JS:|Builtins_|IC(?:_|$)|Runtime_|Eval:|Script:|RegExp:|v8::/],
];

function samples(command, scratch) {
  const [data, pid] = ["perf.data", "pid"].map((name) => join(scratch, name));
  const flags = ["--perf-basic-prof", "--interpreted-frames-native-stack"];
  const start = ["bash", "-c", 'echo $$ > "$1"; shift; exec "$@"', "bash", pid, process.execPath, ...flags];
  const record = ["record", "-q", "-F", "1999", "-o", data, ...start, ...command];
  // V8 writes a log of its own into the folder it runs in.
  if (spawnSync("perf", record, { cwd: scratch }).status !== 0) return undefined;
  const read = ["report", "-i", data, "--stdio", "-q", "--sort", "sym", "-F", "sample,sym"];
  const report = spawnSync("perf", read, { encoding: "utf8", maxBuffer: 1 << 28 });
  // The names of what V8 compiled, where perf looks for them.
  rmSync(`/tmp/perf-${readFileSync(pid, "utf8").trim()}.map`, { force: true });
  return [...report.stdout.matchAll(/^\s*(\d+)\s+\[([.k])\] (.*)$/gm)].map(([, count, mode, name]) => ({
    count: Number(count),
    kind: mode === "k" ? "the system" : (KINDS.find(([, names]) => names.test(name))?.[0] ?? "Node, libc"),
  }));
}

/** Profiles `parse`, and returns the lines of a table; without perf, none. */
export async function profileTable({ quick, show, programs }) {
  const { lines, say } = page(show);
  if (spawnSync("perf", ["--version"]).status !== 0) {
    console.error("skipped: the profile (perf is not installed)");
    return lines;
  }
  const scratch = mkdtempSync(join(tmpdir(), "bench-profile-"));
  const kinds = [...KINDS.map(([name]) => name), "the system", "Node, libc"];
  try {
    say(`| share of CPU, % | ${kinds.join(" | ")} |`);
    say(`|---|${"---:|".repeat(kinds.length)}`);
    for (const [log, megabytes] of quick
      ? [["dense", 20]]
      : [
          ["realistic", 200],
          ["realistic", 2000],
          ["dense", 200],
          ["half", 200],
        ]) {
      for (const { label, folder } of programs) {
        const path = await benchLog(log, megabytes);
        const found = samples([join(folder, "bin/run.js"), "parse", path, "-q", "-o", scratch], scratch);
        if (found === undefined) {
          console.error("skipped: the profile (perf may not record here)");
          return [];
        }
        const total = found.reduce((sum, { count }) => sum + count, 0);
        const share = (kind) =>
          (100 * found.reduce((sum, one) => sum + (one.kind === kind ? one.count : 0), 0)) / total;
        const name = `${log === "realistic" ? "sparse" : log}, ${grouped(megabytes)} MB${label}`;
        say(`| ${name} | ${kinds.map((kind) => share(kind).toFixed(0)).join(" | ")} |`);
      }
    }
    return lines;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
