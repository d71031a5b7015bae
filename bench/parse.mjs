// `parse` beside what else reads a log: the core in native Rust, scripts of one's own, grep, marian-tensorboard.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { has, must, root } from "../scripts/tools.mjs";
import { benchLog } from "./logs.mjs";
import { grouped, interleaved, measure, page, ratios } from "./measure.mjs";

const node = process.execPath;
const NAMES = { realistic: "sparse", dense: "dense", half: "half" };

/** marian-tensorboard in a venv of its own; undefined without Python and pip. */
function tensorboardPython() {
  const venv = join(root, "bench/data/venv");
  const python = join(venv, "bin/python");
  if (!existsSync(python)) {
    if (spawnSync("python3", ["-m", "venv", venv]).status !== 0) return undefined;
    const install = ["-m", "pip", "install", "--quiet", "marian-tensorboard==0.3.1"];
    if (spawnSync(python, install, { stdio: "ignore" }).status !== 0) return undefined;
  }
  return python;
}

/** The core in native Rust; undefined without cargo. */
export function nativeCore() {
  if (!has("cargo")) return undefined;
  must("cargo", ["build", "--quiet", "--release", "--package", "marian-log", "--example", "throughput"]);
  return join(root, "target/release/examples/throughput");
}

/** The programs that read a log, each with how to run it; `role` says what it is compared as. */
function contenders(programs, quick) {
  const all = programs.map(({ label, role, folder }) => ({
    name: `**marian-tracking parse**${label}, CSV written`,
    role,
    command: (log, out) => [node, join(folder, "bin/run.js"), "parse", log, "--json", "-o", out],
    rows: (output) => JSON.parse(output).training,
  }));
  all.push(
    ...programs.map(({ label, folder }) => ({
      name: `its library${label}, columns only`,
      fewer: true,
      command: (log) => [node, join(root, "bench/rivals/columns.mjs"), folder, log],
    })),
  );
  const native = nativeCore();
  if (native === undefined) console.error("skipped: native Rust (cargo is not installed)");
  else
    all.push({
      name: "the core in native Rust, CSV written",
      role: "native",
      command: (log, out) => [native, "--csv", out, log],
      rows: (output) => Number(output.split("\t")[1]),
    });
  for (const [script, name, fewer] of [
    ["index-of.mjs", "`Buffer.indexOf` + RegExp, CSV written", false],
    ["readline.mjs", "`readline` + RegExp, CSV written", true],
  ]) {
    const command = (log, out) => [node, join(root, "bench/rivals", script), log, out];
    all.push({ name, role: "rival", fewer, command });
  }
  all.push({
    name: "`grep -c 'Ep\\. '` (counts only)",
    fewer: true,
    command: (log) => ["grep", "-c", "Ep\\. ", log],
    rows: () => undefined,
  });
  const python = tensorboardPython();
  if (python === undefined) console.error("skipped: marian-tensorboard (Python with venv and pip is needed)");
  else
    all.push({
      name: "marian-tensorboard 0.3.1, its parser alone",
      fewer: true,
      // It is so slow that a tenth of the log has to do.
      megabytes: quick ? 2 : 20,
      command: (log) => [python, join(root, "bench/rivals/tensorboard_parser.py"), log],
    });
  return all;
}

/** Throws if two tables of CSV differ in more than the form of their numbers and a column `segment`. */
function checkSame(wanted, found) {
  const [one, other] = [wanted, found].map((file) => {
    const lines = readFileSync(file, "latin1").split("\r\n");
    return { lines, segment: lines[0].split(",").indexOf("segment") };
  });
  const cells = ({ lines, segment }, row) => {
    const all = lines[row].split(",");
    return segment < 0 || all.length === 1 ? all : all.toSpliced(segment, 1);
  };
  if (one.lines.length !== other.lines.length)
    throw new Error(`${found} has ${other.lines.length} lines, not ${one.lines.length}`);
  for (let row = 0; row < one.lines.length; row += 1) {
    if (one.lines[row] === other.lines[row]) continue;
    const [left, right] = [cells(one, row), cells(other, row)];
    const same = left.every((cell, at) => cell === right[at] || Number(cell) === Number(right[at]));
    if (!same || left.length !== right.length)
      throw new Error(`${found}, line ${row + 1}: ${other.lines[row]}\nnot ${one.lines[row]}`);
  }
}

/** Measures `parse` and the rest on the same logs, and returns the lines of a table. */
export async function parseTable({ quick, runs, programs, show }) {
  const { lines, say } = page(show);
  const scratch = mkdtempSync(join(tmpdir(), "bench-parse-"));
  const all = contenders(programs, quick);
  say(
    "| | log | CPU s | MB per CPU-s | MB/s (wall) | rows per CPU-s | peak MB | × native | × best script | × before |",
  );
  say("|---|---|---:|---:|---:|---:|---:|---:|---:|---:|");
  const logs = quick
    ? [
        ["realistic", 20],
        ["dense", 20],
        ["half", 20],
      ]
    : [
        ["realistic", 200],
        ["realistic", 2000],
        ["dense", 200],
        ["half", 200],
      ];
  try {
    for (const [kind, megabytes] of logs) {
      const chosen = all.filter(({ fewer }) => !fewer || megabytes <= 200);
      const rows = [];
      for (const [index, contender] of chosen.entries()) {
        const log = await benchLog(kind, Math.min(megabytes, contender.megabytes ?? megabytes));
        const out = join(scratch, String(index));
        mkdirSync(out, { recursive: true });
        rows.push({ ...contender, out, work: statSync(log).size / 1e6, line: contender.command(log, out) });
      }
      const costs = await interleaved(
        rows.map(
          ({ line }) =>
            () =>
              measure(line),
        ),
        runs,
      );
      for (const [index, cost] of costs.entries()) Object.assign(rows[index], cost);
      for (const { role, out } of rows) {
        for (const table of role === undefined ? [] : ["training.csv", "validation.csv"])
          checkSame(join(rows[0].out, table), join(out, table));
      }
      for (const row of rows) {
        const { cpu, wall, peak, work, output } = row;
        const count = row.rows === undefined ? Number(output) : row.rows(output);
        const cells = [
          row.name,
          `${NAMES[kind]}, ${grouped(work)} MB`,
          cpu.toFixed(2),
          grouped(work / cpu),
          grouped(work / wall),
          count === undefined ? "" : grouped(count / cpu),
          peak.toFixed(0),
          ...ratios(row, rows),
        ];
        say(`| ${cells.join(" | ")} |`);
      }
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return lines;
}

/** What a start costs, and how little memory grows with the log. */
export async function startTable({ quick, runs, programs, show }) {
  const { lines, say } = page(show);
  const scratch = mkdtempSync(join(tmpdir(), "bench-start-"));
  const native = nativeCore();
  const small = join(scratch, "small.log");
  writeFileSync(small, readFileSync(await benchLog("realistic", 20)).subarray(0, 200_000));
  const parse = (log) => ({
    ours: (folder) => [node, join(folder, "bin/run.js"), "parse", log, "--quiet", "-o", scratch],
    native: ["--csv", scratch, log],
    rival: [log, scratch],
  });
  const cases = [
    ["nothing: `--version`", { ours: (folder) => [node, join(folder, "bin/run.js"), "--version"] }],
    ["a log of 200 kB", parse(small)],
  ];
  for (const size of quick ? [] : [20, 2000]) {
    for (const kind of ["realistic", "dense", "half"]) {
      const { ours } = parse(await benchLog(kind, size));
      cases.push([`${NAMES[kind]}, ${grouped(size)} MB`, { ours }]);
    }
  }
  say("| `parse`, whole process | CPU ms | peak MB | Node alone | × native | × script | × before |");
  say("|---|---:|---:|---:|---:|---:|---:|");
  try {
    for (const [name, { ours, native: args, rival }] of cases) {
      const rows = programs.map(({ role, label, folder }) => ({
        name: name + label,
        role,
        line: ours(folder),
      }));
      rows.push({ role: "node", line: [node, "-e", "0"] });
      if (args !== undefined && native !== undefined) rows.push({ role: "native", line: [native, ...args] });
      if (rival !== undefined)
        rows.push({ role: "rival", line: [node, join(root, "bench/rivals/index-of.mjs"), ...rival] });
      const repeats = name.endsWith("2,000 MB") ? 1 : runs;
      const costs = await interleaved(
        rows.map(
          ({ line }) =>
            () =>
              measure(line),
        ),
        repeats,
      );
      for (const [index, cost] of costs.entries()) Object.assign(rows[index], cost);
      const bare = rows.find(({ role }) => role === "node");
      for (const row of rows.filter(({ role }) => role === "ours" || role === "before")) {
        const cells = [row.name, grouped(row.cpu * 1000), row.peak.toFixed(0), grouped(bare.cpu * 1000)];
        say(`| ${[...cells, ...ratios(row, rows)].join(" | ")} |`);
      }
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return lines;
}
