import { appendFileSync, existsSync } from "node:fs";
import {
  appendFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  truncate,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FileSource, revisionOf } from "../../../src/io/source.js";
import {
  type EvaluationRow,
  type TableRun,
  type TablesOptions,
  writeTables,
} from "../../../src/pipeline/tables/job.js";
import { STATE } from "../../../src/pipeline/tables/state.js";
import { start, train, valid } from "../../cli/sample-logs.js";
import { labelled, tableOptions } from "../table-logs.js";

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "incremental-"));
});
afterAll(() => rm(scratch, { recursive: true }));

const folder = () => mkdtemp(join(scratch, "x-"));

function options(place: string, more: Partial<TablesOptions> = {}): TablesOptions {
  return tableOptions(place, { incremental: true, ...more });
}

/** A log with whatever columns of tables can hold. */
function logOf(number: number, rows = 20): string {
  let text = start();
  for (let up = 1; up <= rows; up += 1) text += number % 3 === 0 ? labelled(up) : train(up);
  text = text.replaceAll("Cost 5.00000000", `Cost ${number}.5`);
  text += valid(rows, "chrf", 40 + number);
  if (number % 2 === 0)
    text += valid(rows, "2", number) + valid(rows, "1", 0.25) + valid(rows, "perplexity", "nan");
  if (number % 5 === 0) text = text.replaceAll("Cost 0.5", "Cost -nan");
  return text;
}

const pathOf = (tree: string, name: string) => join(tree, name, "train.log");

async function put(tree: string, name: string, text: string | Uint8Array): Promise<void> {
  await mkdir(join(tree, name), { recursive: true });
  await writeFile(pathOf(tree, name), text);
}

/** Twelve logs in three projects. */
async function makeTree(): Promise<string> {
  const tree = await folder();
  for (let number = 0; number < 12; number += 1)
    await put(tree, `${["en-cs", "en-de", "x y=z"][Math.floor(number / 4)]}/g/run-${number}`, logOf(number));
  return tree;
}

/** The runs of a tree as an archive has them: sorted, with what tells one content of a file from another. */
async function runsOf(tree: string): Promise<TableRun[]> {
  const entries = await readdir(tree, { recursive: true });
  const names = entries.filter((path) => path.endsWith("train.log")).map((path) => dirname(path));
  return await Promise.all(
    names.sort().map(async (name): Promise<TableRun> => {
      const info = await stat(pathOf(tree, name));
      const [project = "", group = "", run = ""] = name.split("/");
      const { size, mtimeMs } = info;
      const log = new FileSource(pathOf(tree, name), { size, mtimeMs, revision: revisionOf(info) }, name);
      return { project, group, run, log };
    }),
  );
}

async function contents(place: string): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for (const path of (await readdir(place, { recursive: true })).sort())
    if (path !== STATE && (await stat(join(place, path))).isFile())
      files[path] = await readFile(join(place, path), "base64");
  return files;
}

const EVALUATIONS: readonly EvaluationRow[] = [];

/** Writes the tables into the folder, and says how many logs were not read; throws if a fresh folder has others. */
async function update(tree: string, place: string, more: Partial<TablesOptions> = {}): Promise<number> {
  const { errors, unchanged } = await writeTables(await runsOf(tree), EVALUATIONS, options(place, more));
  expect(errors).toEqual([]);
  const fresh = await folder();
  const full = await writeTables(await runsOf(tree), EVALUATIONS, options(fresh, more));
  expect(full.unchanged).toBe(0);
  const [found, wanted] = [await contents(place), await contents(fresh)];
  expect(Object.keys(found)).toEqual(Object.keys(wanted));
  for (const path of Object.keys(wanted))
    if (found[path] !== wanted[path]) throw new Error(`${path} differs`);
  return unchanged;
}

/** What may happen to an archive, and how many of its logs are read then. */
const CHANGES: Readonly<Record<string, readonly [read: number, change: (tree: string) => Promise<void>]>> = {
  nothing: [0, async () => {}],
  "a longer log": [1, (tree) => appendFile(pathOf(tree, "en-cs/g/run-1"), train(21) + valid(21, "new", 7))],
  "a shorter log": [1, (tree) => put(tree, "en-de/g/run-6", logOf(6, 3))],
  "a log with half a line": [1, (tree) => appendFile(pathOf(tree, "en-cs/g/run-1"), train(21).slice(0, 60))],
  "a new run": [1, (tree) => put(tree, "en-cs/g/run-15", logOf(15))],
  "a new project": [1, (tree) => put(tree, "aa-bb/g/run", logOf(3))],
  "a run that is gone": [0, (tree) => rm(join(tree, "en-de/g/run-5"), { recursive: true })],
  "a project that is gone": [0, (tree) => rm(join(tree, "en-de"), { recursive: true })],
  "a damaged log": [1, (tree) => put(tree, "en-de/g/run-7", gzipSync(logOf(7, 3000)).subarray(0, 3000))],
  "a log without measurements": [1, (tree) => put(tree, "en-de/g/run-7", "hello\n")],
  "an empty log": [1, (tree) => put(tree, "x y=z/g/run-8", "")],
  "a run with another name": [1, (tree) => rename(join(tree, "en-cs/g/run-3"), join(tree, "en-cs/g/run-99"))],
  "another time": [1, (tree) => utimes(pathOf(tree, "en-cs/g/run-0"), 1, 2)],
  "other contents of the same size and time": [
    1,
    async (tree) => {
      const path = pathOf(tree, "en-cs/g/run-0");
      const { atime, mtime } = await stat(path);
      await writeFile(path, (await readFile(path, "utf8")).replaceAll("Cost -nan", "Cost -inf"));
      await utimes(path, atime, mtime);
    },
  ],
  "many things at once": [
    3,
    async (tree) => {
      await put(tree, "en-cs/g/run-0", logOf(1, 500));
      await put(tree, "en-cs/g/run-50", logOf(50));
      await put(tree, "x y=z/g/run-11", logOf(2));
      await rm(join(tree, "x y=z/g/run-8"), { recursive: true });
    },
  ],
};

describe("writeTables, once more", () => {
  it.each(Object.entries(CHANGES))(
    "has the bytes of a fresh folder and reads what has changed: %s",
    async (_name, [read, change]) => {
      for (const more of [{ itemBytes: 8000 }, { partitionBy: "project" }] as const) {
        const [tree, place] = [await makeTree(), await folder()];
        expect(await update(tree, place, more)).toBe(0);
        await change(tree);
        expect((await runsOf(tree)).length - (await update(tree, place, more))).toBe(read);
        // What was damaged is whole again, and so on.
        for (let number = 0; number < 12; number += 1)
          await put(
            tree,
            `${["en-cs", "en-de", "x y=z"][Math.floor(number / 4)]}/g/run-${number}`,
            logOf(number),
          );
        await update(tree, place, more);
      }
    },
  );

  it("copies rows in every compression", async () => {
    for (const compression of ["zstd", "gzip", "none"] as const) {
      const [tree, place] = [await makeTree(), await folder()];
      await update(tree, place, { compression });
      await put(tree, "en-cs/g/run-1", logOf(1, 30));
      expect(await update(tree, place, { compression })).toBe(11);
    }
  });

  it("reads everything with other options, and where the state or a table is not as it was written", async () => {
    const [tree, place] = [await makeTree(), await folder()];
    const state = join(place, STATE);
    const spoil: readonly (() => Promise<void>)[] = [
      () => rm(state),
      () => writeFile(state, "{}"),
      async () => truncate(state, (await stat(state)).size - 5),
      async () => writeFile(state, (await readFile(state, "utf8")).replace('"rows":20', '"rows":21')),
      async () => writeFile(state, (await readFile(state, "utf8")).split("\n").slice(0, -2).join("\n")),
      async () => {
        const path = join(place, "training.csv");
        const { atime, mtime } = await stat(path);
        await writeFile(path, (await readFile(path)).fill(32, 500, 600));
        await utimes(path, atime, mtime);
      },
      () => rm(join(place, "validation.parquet")),
    ];
    await update(tree, place);
    for (const damage of spoil) {
      await damage();
      expect(await update(tree, place)).toBe(0);
    }
    expect(await update(tree, place, { version: "1.2.4" })).toBe(0);
    expect(await update(tree, place, { version: "1.2.4", compression: "gzip" })).toBe(0);
    expect(await update(tree, place, { version: "1.2.4", compression: "gzip" })).toBe(12);
  });

  it("compares contents if it is asked to", async () => {
    const [tree, place] = [await makeTree(), await folder()];
    await update(tree, place);
    expect(await update(tree, place, { verify: true })).toBe(0);
    expect(await update(tree, place, { verify: true })).toBe(12);
    expect(await update(tree, place)).toBe(12);
    // As a file system would that does not tell times: the walk does not see the edit.
    const before = await runsOf(tree);
    await put(tree, "en-cs/g/run-1", logOf(1).replaceAll("1.5", "9.5"));
    const unseen = await writeTables(before, EVALUATIONS, options(place));
    expect(unseen.unchanged).toBe(12);
    const seen = await writeTables(before, EVALUATIONS, options(place, { verify: true }));
    expect(seen.unchanged).toBe(11);
    expect(await readFile(join(place, "training.csv"), "utf8")).toContain(",9.5,");
  });

  it("reads a log again that grew while it was read, or that could not be read", async () => {
    const [tree, place] = [await makeTree(), await folder()];
    const runs = await runsOf(tree);
    const path = pathOf(tree, "en-cs/g/run-1");
    const growing = runs.map((run): TableRun => {
      if (run.log?.path !== path) return run;
      const { size = 0, modified = 0, stamp = "", revision = "" } = run.log;
      const log = new FileSource(path, { size, mtimeMs: modified, revision }, run.log.name);
      return {
        ...run,
        log: Object.defineProperties(log, { changed: { value: true }, stamp: { value: stamp } }),
      };
    });
    const { logs } = await writeTables(growing, EVALUATIONS, options(place));
    expect(logs.filter(({ log }) => log.running).map(({ run }) => run)).toEqual(["run-1"]);
    expect(await update(tree, place)).toBe(11);
    await rm(join(place, STATE));
    await rm(join(tree, "en-cs/g/run-2"), { recursive: true });
    const missing = await writeTables(runs, EVALUATIONS, options(place));
    expect(missing.logs.map(({ error }) => error).filter(Boolean)).toEqual(["there is no such file"]);
    await put(tree, "en-cs/g/run-2", logOf(2));
    const back = await writeTables(runs, EVALUATIONS, options(place));
    expect(back.logs.map(({ error }) => error).filter(Boolean)).toEqual([]);
  });

  it("calls a log running while it is written, leaves out its last half line, and has it whole the next time", async () => {
    const [tree, place] = [await folder(), await folder()];
    const last = train(10_001);
    await put(tree, "en-cs/g/run-1", logOf(1, 10_000));
    await put(tree, "en-cs/g/run-2", logOf(2));
    // Between two readings of the log, its writer adds half a line.
    let isGrowing = false;
    const progress = () => {
      if (!isGrowing) appendFileSync(pathOf(tree, "en-cs/g/run-1"), last.slice(0, 60));
      isGrowing = true;
    };
    const { logs, errors } = await writeTables(await runsOf(tree), EVALUATIONS, options(place, { progress }));
    expect([isGrowing, errors]).toEqual([true, []]);
    expect(logs.map(({ log, error }) => [log.counts.training, log.running, error])).toEqual([
      [10_000, true, undefined],
      [20, undefined, undefined],
    ]);
    // Its file looks now as it did at the end of that reading.
    expect(await update(tree, place)).toBe(1);
    await appendFile(pathOf(tree, "en-cs/g/run-1"), last.slice(60));
    expect(await update(tree, place)).toBe(1);
    expect(await readFile(join(place, "training.csv"), "utf8")).toContain(",10001,");
    expect(await update(tree, place)).toBe(2);
  });

  it("is stopped at any log, and has the same bytes the next time", async () => {
    const more = { itemBytes: 3000 };
    const tree = await makeTree();
    for (const left of [1, 2, 3]) {
      const place = await folder();
      await writeTables(await runsOf(tree), EVALUATIONS, options(place, more));
      for (const number of [1, 5, 9])
        await put(
          tree,
          `${["en-cs", "en-de", "x y=z"][Math.floor(number / 4)]}/g/run-${number}`,
          logOf(number + left),
        );
      const stop = new AbortController();
      let runs = 0;
      const runsDone = (count: number) => {
        runs += count;
        if (runs > 12 - 4 + left) stop.abort();
      };
      const stopped = options(place, { ...more, signal: stop.signal, runsDone });
      const before = await contents(place);
      const { errors } = await writeTables(await runsOf(tree), EVALUATIONS, stopped);
      if (errors.length > 0) {
        const now = Object.entries(await contents(place)).filter(([path]) => !path.startsWith(".parts"));
        expect(Object.fromEntries(now)).toEqual(before);
      }
      await update(tree, place, more);
    }
  });
});

describe("writeTables, into folders of files", () => {
  it("leaves the files of partitions that have not changed", async () => {
    const [tree, place] = [await makeTree(), await folder()];
    const more = { partitionBy: "project" } as const;
    await update(tree, place, more);
    const stamps = async () => {
      const found: Record<string, number> = {};
      for (const path of Object.keys(await contents(place)))
        found[path] = (await stat(join(place, path))).ctimeMs;
      return found;
    };
    const before = await stamps();
    expect(Object.keys(before).filter((path) => path.startsWith("training.parquet"))).toEqual([
      "training.parquet/project=en-cs/part-00000.parquet",
      "training.parquet/project=en-de/part-00000.parquet",
      "training.parquet/project=x%20y%3Dz/part-00000.parquet",
    ]);
    await put(tree, "en-de/g/run-4", logOf(4, 21));
    expect(await update(tree, place, more)).toBe(11);
    const after = await stamps();
    const touched = Object.keys(after).filter((path) => after[path] !== before[path]);
    expect(touched.length).toBeGreaterThan(5);
    expect(touched.filter((path) => !path.includes("project=en-de"))).toEqual([]);
  });

  it("divides tables by size, and a table is a file or a folder, not both", async () => {
    const [tree, place] = [await makeTree(), await folder()];
    const files = { itemBytes: 3000 };
    const small = { ...files, maxFileBytes: 4000 };
    await update(tree, place, files);
    await update(tree, place, small);
    const names = await readdir(join(place, "training.csv"));
    expect(names.length).toBeGreaterThan(2);
    expect(names[0]).toBe("part-00000.csv");
    await rm(join(tree, "en-de"), { recursive: true });
    await update(tree, place, small);
    await writeFile(join(place, "training.csv", "notes.txt"), "mine");
    const { errors } = await writeTables(await runsOf(tree), EVALUATIONS, options(place, files));
    expect(errors).toEqual([
      `tables: ${join(place, "training.csv")} can't be written: a folder of that name is in the way`,
    ]);
    expect(existsSync(join(place, "training.csv", "notes.txt"))).toBe(true);
    await rm(join(place, "training.csv", "notes.txt"));
    await update(tree, place, files);
  });
});
