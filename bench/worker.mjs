// The worker of a cluster: a manifest in, rows out.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { archiveTree } from "./archive-tree.mjs";
import { grouped, interleaved, measure, page, ratios } from "./measure.mjs";

/** Measures `archive --manifest` and `parse --manifest` on one list of runs, and returns the lines of a table. */
export async function workerTable({ quick, runs, programs, show }) {
  const { lines, say } = page(show);
  const count = quick ? 20 : 200;
  const tree = archiveTree({ runs: count, megabytes: count });
  const scratch = mkdtempSync(join(tmpdir(), "bench-worker-"));
  const megabytes = tree.text / 1e6;
  say(
    `${grouped(count)} runs, ${grouped(megabytes)} MB of logs (10 % compressed; 1 % broken), one process, rows to a file.`,
  );
  say("");
  say(
    "| `--manifest`, one process | CPU s | MB per CPU-s | wall s | rows | rows per CPU-s | peak MB | × before |",
  );
  say("|---|---:|---:|---:|---:|---:|---:|---:|");
  try {
    for (const [command, format] of [
      ["archive", "tsv"],
      ["archive", "ndjson"],
      ["parse", "tsv"],
    ]) {
      const rows = programs.map(({ role, label, folder }, index) => {
        const program = [process.execPath, join(folder, "bin/run.js")];
        const manifest = join(scratch, `${index}.ndjson`);
        // Each program reads the list that it makes.
        spawnSync(program[0], [program[1], "plan", tree.folder, "-o", manifest, "--quiet"]);
        const out = join(scratch, `${index}.rows`);
        const line = ["bash", "-c", 'out=$1; shift; exec "$@" > "$out"', "bash", out, ...program];
        const args = [command, "--manifest", manifest, "--format", format, "--quiet"];
        return {
          name: `\`${command}\` to ${format.toUpperCase()}${label}`,
          role,
          out,
          line: [...line, ...args],
        };
      });
      const costs = await interleaved(
        rows.map(
          ({ line }) =>
            () =>
              measure(line),
        ),
        Math.min(runs, 3),
      );
      for (const [index, cost] of costs.entries()) Object.assign(rows[index], cost);
      for (const row of rows) {
        const made = lineFeeds(row.out);
        const { name, cpu, wall, peak } = row;
        say(
          `| ${name} | ${cpu.toFixed(2)} | ${grouped(megabytes / cpu)} | ${wall.toFixed(2)} | ${grouped(made)} | ${grouped(made / cpu)} | ${peak.toFixed(0)} | ${ratios(row, rows)[2]} |`,
        );
      }
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return lines;
}

function lineFeeds(file) {
  let count = 0;
  for (const byte of readFileSync(file)) if (byte === 10) count += 1;
  return count;
}
