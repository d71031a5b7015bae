// What the tables of a whole archive cost: `archive` on a generated one of both layouts.
//
//   node bench/archive.mjs [--quick]
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { must, root } from "../scripts/tools.mjs";
import { archiveTree } from "./archive-tree.mjs";
import { best } from "./measure.mjs";

const grouped = (count) => Math.round(count).toLocaleString("en-US");

/** `archive` as a command. Broken logs are part of the archive, so that exit code 1 is right. */
function command(tree, folder, formats, threads) {
  const archive = [
    process.execPath,
    join(root, "bin/run.js"),
    "archive",
    tree.folder,
    "--no-wandb",
    "--json",
  ];
  const tables = ["-o", folder, ...formats.flatMap((format) => ["--format", format]), "-j", String(threads)];
  return ["bash", "-c", '"$@" || [ $? = 1 ]', "bash", ...archive, ...tables];
}

/** Makes the tables of the archive, from nothing each time. */
async function tables(tree, formats, threads, runs) {
  const all = [];
  for (let run = 0; run < runs; run += 1) {
    const folder = mkdtempSync(join(tmpdir(), "bench-archive-"));
    try {
      const measured = await best(command(tree, folder, formats, threads), 1);
      const bytes = formats.map((format) => statSync(join(folder, `training.${format}`)).size);
      all.push({ ...measured, written: bytes, tables: JSON.parse(measured.output).tables });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  const least = all.reduce((one, other) => (other.cpu < one.cpu ? other : one));
  return {
    ...least,
    wall: Math.min(...all.map(({ wall }) => wall)),
    peak: Math.max(...all.map(({ peak }) => peak)),
  };
}

/** Measures, and returns the lines of a table for the README. */
export async function archiveTable({ quick, show }) {
  const sizes = quick ? [20, 100] : [200, 2000];
  const runs = quick ? 1 : 2;
  const trees = sizes.map((size) => archiveTree({ runs: size, megabytes: size }));
  const tree = trees.at(-1);
  const lines = [];
  const say = (line) => {
    lines.push(line);
    show(line);
  };
  const megabytes = tree.text / 1e6;
  say(
    `${grouped(sizes.at(-1))} runs in both layouts, ${grouped(megabytes)} MB of logs (${grouped(tree.stored / 1e6)} MB as stored: 10 % compressed; 1 % broken), to tables. CPU: ${cpus()[0].model.trim()}, ${cpus().length} cores, Node ${process.versions.node}. Least CPU and least wall time of ${runs} runs; peak memory is the highest.`,
  );
  say("");
  say("| `archive --no-wandb -o` | threads | CPU s | MB per CPU-s | wall s | MB/s (wall) | peak MB |");
  say("|---|---:|---:|---:|---:|---:|---:|");
  const rows = new Set();
  for (const formats of [["parquet"], ["csv", "parquet"]]) {
    const walls = [];
    for (const threads of [1, 2]) {
      const { cpu, wall, peak, tables: made } = await tables(tree, formats, threads, runs);
      walls.push(wall);
      rows.add(made.logs.reduce((sum, { training }) => sum + training, 0));
      const speed = threads === 1 ? "" : ` (${(walls[0] / wall).toFixed(2)}x)`;
      say(
        `| ${formats.join(" and ")} | ${threads} | ${cpu.toFixed(1)} | ${(megabytes / cpu).toFixed(0)} | ${wall.toFixed(1)}${speed} | ${(megabytes / wall).toFixed(0)} | ${peak.toFixed(0)} |`,
      );
    }
  }
  if (rows.size !== 1) throw new Error(`the tables differ: ${[...rows].join(", ")} training rows`);
  say("");
  say("| csv and parquet, 2 threads | MB of logs | training rows | peak MB |");
  say("|---|---:|---:|---:|");
  for (const [index, size] of sizes.entries()) {
    const { peak, tables: made } = await tables(trees[index], ["csv", "parquet"], 2, 1);
    const count = made.logs.reduce((sum, { training }) => sum + training, 0);
    say(
      `| ${grouped(size)} runs | ${grouped(trees[index].text / 1e6)} | ${grouped(count)} | ${peak.toFixed(0)} |`,
    );
  }
  return lines;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  must(process.execPath, ["scripts/build.mjs"]);
  await archiveTable({ quick: process.argv.includes("--quick"), show: (line) => console.log(line) });
}
