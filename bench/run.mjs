// The benchmark: one table, made in one run. `npm run bench`; `-- --write` puts it into the README;
// `-- --quick` takes small logs and one run each, to see that everything works.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { has, installPackages, must, root } from "../scripts/tools.mjs";
import { archiveTable } from "./archive.mjs";
import { archivePublishTable } from "./archive-publish.mjs";
import { browserTable } from "./browser.mjs";
import { benchLog } from "./logs.mjs";
import { best } from "./measure.mjs";
import { onlineTable } from "./online.mjs";
import { wandbTable } from "./wandb.mjs";

const quick = process.argv.includes("--quick");
const megabytes = quick ? 20 : 200;
const runs = quick ? 1 : 3;
installPackages();
must("node", ["scripts/build.mjs"]);
const scratch = mkdtempSync(join(tmpdir(), "bench-"));
const node = process.execPath;
const path = (name) => `${root}${name}`;

/** marian-tensorboard in a venv of its own, where Python and pip are there. */
function tensorboardPython() {
  const python = path("bench/data/venv/bin/python");
  if (!existsSync(python)) {
    if (spawnSync("python3", ["-m", "venv", path("bench/data/venv")]).status !== 0) return undefined;
    const install = ["-m", "pip", "install", "--quiet", "marian-tensorboard==0.3.1"];
    if (spawnSync(python, install, { stdio: "ignore" }).status !== 0) return undefined;
  }
  return python;
}

const rivals = [
  {
    name: "**marian-tracking parse**, CSV written",
    command: (log) => [node, path("bin/run.js"), "parse", log, "--json", "-o", scratch],
    rows: (output) => JSON.parse(output).training,
  },
  { name: "its library, columns only", command: (log) => [node, path("bench/rivals/columns.mjs"), log] },
];
if (has("cargo")) {
  must("cargo", ["build", "--quiet", "--release", "--package", "marian-log", "--example", "throughput"]);
  rivals.push({
    name: "the core in native Rust, CSV formatted",
    command: (log) => [path("target/release/examples/throughput"), "--csv", log],
    rows: (output) => Number(output.split("\t")[1]),
  });
} else console.error("skipped: native Rust (cargo is not installed)");
rivals.push(
  {
    name: "`Buffer.indexOf` + RegExp, CSV written",
    command: (log) => [node, path("bench/rivals/index-of.mjs"), log, join(scratch, "a.csv")],
  },
  {
    name: "`readline` + RegExp, CSV written",
    command: (log) => [node, path("bench/rivals/readline.mjs"), log, join(scratch, "b.csv")],
  },
  {
    name: "`grep -c 'Ep\\. '` (counts only)",
    command: (log) => ["grep", "-c", "Ep\\. ", log],
    rows: () => undefined,
  },
);
const python = tensorboardPython();
if (python !== undefined) {
  rivals.push({
    name: "marian-tensorboard 0.3.1, its parser alone",
    // It is so slow that a tenth of the log must do.
    megabytes: Math.min(megabytes, 20),
    command: (log) => [python, path("bench/rivals/tensorboard_parser.py"), log],
  });
} else console.error("skipped: marian-tensorboard (Python with venv and pip is needed)");

const lines = [
  `CPU: ${cpus()[0].model.trim()}, ${cpus().length} cores, Node ${process.versions.node}. Least CPU of ${runs} runs; peak memory is the highest.`,
  "",
  "| | log | CPU s | MB per CPU-s | MB/s (wall) | rows per CPU-s | peak MB |",
  "|---|---|---:|---:|---:|---:|---:|",
];
const show = (line) => {
  lines.push(line);
  console.log(line);
};
console.log(lines.join("\n"));
for (const kind of ["realistic", "dense"]) {
  for (const { name, command, rows, megabytes: less } of rivals) {
    const log = await benchLog(kind, less ?? megabytes);
    const size = statSync(log).size / 1e6;
    const { cpu, wall, peak, output } = await best(command(log), runs);
    const count = rows === undefined ? Number(output) : rows(output);
    const rate = count === undefined ? "" : Math.round(count / cpu).toLocaleString("en-US");
    show(
      `| ${name} | ${kind}, ${Math.round(size)} MB | ${cpu.toFixed(2)} | ${(size / cpu).toFixed(0)} | ${(size / wall).toFixed(0)} | ${rate} | ${peak.toFixed(0)} |`,
    );
  }
}

show("");
show("| `marian-tracking parse`, whole process | CPU s | peak MB |");
show("|---|---:|---:|");
const small = join(scratch, "small.log");
writeFileSync(small, readFileSync(await benchLog("realistic", 20)).subarray(0, 200_000));
const parse = (log) => [node, path("bin/run.js"), "parse", log, "--quiet", "-o", scratch];
for (const [name, command] of [
  ["nothing: `--version`", [node, path("bin/run.js"), "--version"]],
  ["a log of 200 kB", parse(small)],
  ...(await Promise.all(
    ["realistic", "dense"].flatMap((kind) =>
      (quick ? [20] : [20, 2000]).map(async (size) => [
        `${kind}, ${size} MB`,
        parse(await benchLog(kind, size)),
      ]),
    ),
  )),
]) {
  const { cpu, peak } = await best(command, name.includes("2000") ? 1 : runs);
  show(`| ${name} | ${cpu.toFixed(2)} | ${peak.toFixed(0)} |`);
}

for (const table of [archiveTable, archivePublishTable, wandbTable, onlineTable, browserTable]) {
  show("");
  lines.push(...(await table({ quick, show: console.log })));
}

if (process.argv.includes("--write")) {
  const readme = readFileSync(path("README.md"), "utf8");
  const [before, after] = [
    /^[\s\S]*<!-- bench -->\n/.exec(readme)?.[0],
    /\n<!-- \/bench -->[\s\S]*$/.exec(readme)?.[0],
  ];
  if (before === undefined || after === undefined) throw new Error("README.md has no place for the table");
  writeFileSync(path("README.md"), `${before}${lines.join("\n")}${after}`);
}
