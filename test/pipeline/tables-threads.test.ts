/** Tables by threads, and by processes that are killed. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { appendFile, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { chatter, start, train, valid } from "../cli/sample-logs.js";
import { readTable } from "../publishers/tables/read-tables.js";
import { LOGS, labelled, writeLogs } from "./table-logs.js";
import type { Work } from "./write-tables.child.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
let scratch: string;
let runs: Work["runs"];

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "tables-threads-"));
  // Threads start from a file, so that the sources can't be used as they are.
  await build({
    absWorkingDir: root,
    entryPoints: {
      child: "test/pipeline/write-tables.child.ts",
      "tables-worker": "src/pipeline/tables/tables-worker.ts",
    },
    outdir: join(scratch, "code"),
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node20",
    banner: {
      js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
    },
    logLevel: "error",
  });
  await writeFile(join(scratch, "code", "package.json"), '{"type":"module"}');
  await symlink(join(root, "wasm"), join(scratch, "wasm"));
  const many = await writeLogs(scratch, logs());
  runs = many.flatMap(({ log, ...name }) => (log?.path === undefined ? [] : [{ ...name, log: log.path }]));
});
afterAll(() => rm(scratch, { recursive: true }));

/** The logs of {@link LOGS}, and longer ones between them, with labels and restarts here and there. */
function logs(): [string, string | Uint8Array][] {
  const long = Array.from({ length: 12 }, (_, index): [string, string] => {
    let log = start({ metrics: ["chrf", "perplexity"] });
    for (let up = 1; up <= 3000; up += 1) {
      log += index === 5 ? labelled(up) : train(up);
      if (up % 20 === 0)
        log +=
          chatter() +
          valid(up, "chrf", up / 7) +
          valid(up, "perplexity", up / 9, "stalled 3 times (last best: 1)");
      if (index % 4 === 3 && up === 1500) log += start();
    }
    return [`long-${index}`, log];
  });
  return [
    ...long.slice(0, 6),
    ...LOGS.map(([run, log]): [string, string | Uint8Array] => [run, log]),
    ...long.slice(6),
  ];
}

const folder = () => mkdtemp(join(scratch, "out-"));

function begin(place: string, threads: number): ChildProcess {
  const work: Work = { folder: place, threads, itemBytes: 100_000, runs };
  return spawn(process.execPath, [join(scratch, "code", "child.js"), JSON.stringify(work)], {
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** Runs to the end; returns the last line that is printed. */
async function finish(child: ChildProcess): Promise<unknown> {
  const [output, errors] = await Promise.all([
    text(child.stdout as NodeJS.ReadableStream),
    text(child.stderr as NodeJS.ReadableStream),
    child.exitCode ?? once(child, "close"),
  ]);
  expect(errors).toBe("");
  return JSON.parse(output.trim().split("\n").at(-1) ?? "");
}

async function contents(place: string): Promise<Record<string, string>> {
  const names = (await readdir(place)).sort();
  return Object.fromEntries(
    await Promise.all(
      names.map(async (name) => [name, name === ".parts" ? "" : await readFile(join(place, name), "latin1")]),
    ),
  );
}

describe("writeTables in threads", () => {
  let whole: Record<string, string>;
  beforeAll(async () => {
    const place = await folder();
    expect(await finish(begin(place, 1))).toEqual({ errors: [], logs: runs.length });
    const { rows } = await readTable(place, "training");
    expect(rows.length).toBeGreaterThan(36_000);
    expect((await readTable(place, "validation")).rows.length).toBeGreaterThan(1800);
    whole = await contents(place);
    expect(Object.keys(whole)).toHaveLength(12);
  });

  it.each([2, 3])("gives the same bytes with %d", async (threads) => {
    const place = await folder();
    expect(await finish(begin(place, threads))).toEqual({ errors: [], logs: runs.length });
    expect(await contents(place)).toEqual(whole);
  });

  it("leaves no half table when it is killed, and goes on to the same bytes", async () => {
    const place = await folder();
    const sizes = await Promise.all(runs.map(async ({ log }) => (await stat(log)).size));
    const total = sizes.reduce((sum, size) => sum + size, 0);
    // Three times while it reads, and when it has read all and puts the tables together.
    for (const share of [0.1, 0.4, 0.8, 1]) {
      const child = begin(place, 2);
      let read = 0;
      for await (const chunk of child.stdout as NodeJS.ReadableStream) {
        for (const line of String(chunk).split("\n")) read += Number(line) || 0;
        if (read >= total * share) break;
      }
      child.kill("SIGKILL");
      if (child.exitCode === null && child.signalCode === null) await once(child, "close");
      const { ".parts": _parts, ...there } = await contents(place);
      if (share < 1) expect(there).toEqual({});
      for (const [name, bytes] of Object.entries(there)) expect(bytes === whole[name], name).toBe(true);
    }
    expect(await finish(begin(place, 2))).toEqual({ errors: [], logs: runs.length });
    expect(await contents(place)).toEqual(whole);
  });

  it("does not stop at a part that can't be written without saying so", async () => {
    const place = await folder();
    const work: Work = { folder: place, threads: 2, itemBytes: 100_000, runs };
    // The shell lets no file grow beyond 64 blocks.
    const command = `ulimit -f 64; exec "$0" "$1" "$2"`;
    const child = spawn(
      "bash",
      ["-c", command, process.execPath, join(scratch, "code", "child.js"), JSON.stringify(work)],
      {
        stdio: ["ignore", "pipe", "pipe"],
      },
    );
    const { errors } = (await finish(child)) as { errors: string[] };
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatch(/^tables: .*too large/);
    expect(await readdir(place)).toEqual([".parts"]);
  });

  it("has what was added to a log since the last time", async () => {
    const place = await folder();
    await finish(begin(place, 2));
    await appendFile(runs[0]?.log ?? "", train(4000));
    await finish(begin(place, 2));
    const { rows } = await readTable(place, "training");
    expect(rows.filter(({ run }) => run === runs[0]?.run).at(-1)).toMatchObject({ up: 4000 });
  });
});
