import { execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { buffer } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import * as tar from "tar-stream";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openArchive } from "../../src/archive/archive.js";
import { readRun } from "../../src/index.js";
import { GROUP_ID, makeTree, readArchive, rowsOf, type Tree, temporaryFolder, trainingLog } from "./tree.js";

const NAME = `base_${GROUP_ID}`;
const TREE = {
  [`logs/en-hu/${NAME}/student/train.log`]: trainingLog(),
  [`logs/en-hu/${NAME}/teacher-1/train.log.gz`]: gzipSync(trainingLog(3)),
  [`logs/en-hu/${NAME}/quantize/live.log`]: "published as it is",
  [`models/en-hu/${NAME}/student/model.npz`]: "weights",
  [`models/en-hu/${NAME}/evaluation/student/flores_devtest.metrics`]: "20.1\n50.1\n",
  [`experiments/en-hu/${NAME}/config.yml`]: "experiment: {name: base}\n",
} satisfies Tree;
const IDS = ["student_Zr7yQ", "teacher-1_Zr7yQ"];

/** Where archives are unpacked: nothing of them may stay. */
let temporary: string;
beforeEach(() => {
  temporary = temporaryFolder();
  process.env["TMPDIR"] = temporary;
});
afterEach(() => {
  delete process.env["TMPDIR"];
  expect(readdirSync(temporary)).toEqual([]);
});

type Header = Parameters<tar.Pack["entry"]>[0];
type Entry = readonly [header: string | Header, content?: string | Uint8Array];

async function pack(entries: readonly Entry[]): Promise<Buffer> {
  const packing = tar.pack();
  for (const [header, content = ""] of entries)
    packing.entry(typeof header === "string" ? { name: header } : header, Buffer.from(content));
  packing.finalize();
  return await buffer(packing as unknown as AsyncIterable<Uint8Array> & NodeJS.ReadableStream);
}

const packTree = (tree: Readonly<Record<string, string | Uint8Array>>, below = "") =>
  pack(Object.entries(tree).map(([path, content]) => [below + path, content]));

function fileOf(content: Uint8Array, name = "archive.tar"): string {
  const path = join(temporaryFolder(), name);
  writeFileSync(path, content);
  return path;
}

/** The problems without the path of the tar. */
async function read(path: string) {
  const found = await readArchive(path);
  return { ...found, problems: found.problems.map((problem) => problem.replaceAll(path, "TAR")) };
}

describe("tars", () => {
  it("are read like folders, and name files by their own name", async () => {
    const path = fileOf(await packTree(TREE));
    const archive = await openArchive(path);
    const { groups, ids, problems } = await readArchive(path);
    expect(ids).toEqual([IDS]);
    expect(groups.map(rowsOf)).toEqual([
      [["student", "flores", "devtest", null, { bleu_detok: 20.1, chrf: 50.1 }]],
    ]);
    expect(groups[0]?.config).toEqual({ experiment: { name: "base" } });
    expect(groups[0]?.evaluations[0]?.source).toBe(
      `${path}/models/en-hu/${NAME}/evaluation/student/flores_devtest.metrics`,
    );
    expect(problems).toEqual([]);

    const [student, teacher] = archive.groups[0]?.runs ?? [];
    expect(student?.log).toMatchObject({
      name: `${path}/logs/en-hu/${NAME}/student/train.log`,
      size: trainingLog().length,
    });
    expect((await readRun(teacher?.log?.path ?? "")).training).toHaveLength(3);
    const logs = archive.groups[0]?.logsFolder ?? "";
    expect(readFileSync(join(logs, "quantize/live.log"), "utf8")).toBe("published as it is");
    // What is of no use is not unpacked.
    expect(existsSync(join(logs, `../../../models/en-hu/${NAME}/student`))).toBe(false);
    await archive.close();
    expect(existsSync(logs)).toBe(false);
  });

  it("have the times of their entries, so that a stamp tells whether a log has changed", async () => {
    const mtime = new Date("2025-05-05T05:05:05Z");
    const name = "models/de-en/opus/student/train.log";
    const path = fileOf(await pack([[{ name, mtime }, trainingLog()]]));
    const first = await readArchive(path);
    const second = await readArchive(path);
    expect(first.archive.groups[0]?.runs[0]?.log?.mtimeMs).toBe(mtime.getTime());
    expect(first.groups[0]?.runs[0]?.log?.stamp).toBe(second.groups[0]?.runs[0]?.log?.stamp);
  });

  it.each([
    ["gzip", "tar.gz", "-z"],
    ["zstd", "tar.zst", "--zstd"],
    ["old tar", "tar", "--format=v7"],
    ["pax", "tgz", "--format=pax"],
  ])("of the system's tar: %s", async (_kind, ending, option) => {
    if (option === "--zstd" && !hasZstd()) return void process.stdout.write("skipped: no zstd here\n");
    const isOld = option === "--format=v7";
    const long = "x".repeat(90);
    const tree: Tree = isOld
      ? { "models/de-en/opus/student/train.log": trainingLog() }
      : { ...TREE, [`logs/en-hu/${NAME}/${long}/student-${long}/train.log`]: trainingLog() };
    const folder = makeTree(tree);
    const path = join(temporaryFolder(), `years.${ending}`);
    execFileSync("tar", [option, "-cf", path, "-C", dirname(folder), basename(folder)]);
    const { ids, groups, problems } = await read(path);
    if (isOld) return expect({ ids, problems }).toEqual({ ids: [["student_opus"]], problems: [] });
    expect(ids).toEqual([[...IDS, expect.stringContaining("student-xxx")]]);
    expect(groups[0]?.config).toBeDefined();
    expect(problems).toEqual([expect.stringContaining("names no known model")]);
  });

  it("may have ./ or / before their paths, files twice (the last counts), and several archives", async () => {
    const path = fileOf(
      await pack([
        ["./models/de-en/opus/student/train.log", trainingLog(1)],
        ["/models/de-en/opus/student/train.log", trainingLog(2)],
        ["old//disk/./models/de-en/x/student/train.log", trainingLog(1)],
        ["copies/logs/en-hu/y/student/train.log", trainingLog(1)],
      ]),
    );
    const { ids, groups } = await read(path);
    expect(ids).toEqual([["student_opus"]]);
    expect(groups[0]?.runs[0]?.log?.size).toBe(trainingLog(2).length);
    const others = await read(
      fileOf(
        await pack([
          ["a/models/de-en/x/student/train.log", ""],
          ["b/c/models/de-en/y/student/train.log", ""],
        ]),
      ),
    );
    expect(others.ids).toEqual([["student_x"], ["student_y"]]);
  });

  it("without an archive around their groups get names from the tar", async () => {
    const path = fileOf(await pack([[`${NAME}/student/train.log`, trainingLog()]]), "en-hu.tar.gz");
    const { groups } = await readArchive(path);
    expect(groups).toMatchObject([{ project: "en-hu", name: NAME }]);
  });
});

describe("broken tars", () => {
  it("that end early are read to there: logs to the last byte, scores only whole", async () => {
    const log = trainingLog(5);
    const whole = await pack([
      [`logs/en-hu/${NAME}/student/train.log`, log],
      [`models/en-hu/${NAME}/evaluation/student/flores_devtest.metrics`, "20.1\n50.1\n"],
    ]);
    const cutLog = await read(fileOf(whole.subarray(0, 512 + 300)));
    expect(cutLog.groups[0]?.runs[0]?.log?.size).toBe(300);
    expect(cutLog.problems).toEqual([
      expect.stringMatching(
        /^failure: TAR: the tar ends early: what came before was read, to logs\/.*train\.log$/,
      ),
      expect.stringMatching(/^failure: logs\/.*train\.log: it was read to where the tar ends$/),
    ]);
    const length = 512 + Math.ceil(log.length / 512) * 512;
    const cutScores = await read(fileOf(whole.subarray(0, length + 512 + 4)));
    expect(cutScores.ids).toEqual([["student_Zr7yQ"]]);
    expect(cutScores.groups[0]?.evaluations).toEqual([]);
    expect(cutScores.problems[1]).toMatch(/flores_devtest\.metrics: the tar ends in it: it is left out$/);
    const long = await pack([[`logs/en-hu/${NAME}/student/train.log`, `${log.repeat(20_000)}`]]);
    const cutLong = await read(fileOf(gzipSync(long.subarray(0, 8_000_000), { level: 1 }), "a.tar.gz"));
    expect(cutLong.groups[0]?.runs[0]?.log?.size).toBe(8_000_000 - 512);
    // Between two entries it can't be known, but that the mark of the end is missing.
    const cutBetween = await read(fileOf(whole.subarray(0, length)));
    expect(cutBetween.ids).toEqual([["student_Zr7yQ"]]);
    expect(cutBetween.problems).toEqual([
      expect.stringMatching(/^warning: TAR: the tar has no mark of its end/),
    ]);
  });

  it("are used as far as they can be unpacked", async () => {
    const random = randomBytes(200_000);
    const packed = gzipSync(await packTree({ ...TREE, [`logs/en-hu/${NAME}/z/live.log`]: random }));
    const { ids, problems } = await read(fileOf(packed.subarray(0, packed.length - 2000), "a.tar.gz"));
    expect(ids).toEqual([IDS]);
    expect(problems).toEqual([
      expect.stringMatching(
        /^failure: TAR: the gzip data ends early; what could be unpacked before that was read/,
      ),
      expect.stringMatching(/^failure: logs\/.*\/z\/live\.log: the tar ends in it: it is left out$/),
    ]);
  });

  it("are read to the entry that is damaged", async () => {
    const whole = await pack([
      [`logs/en-hu/${NAME}/student/train.log`, trainingLog()],
      [`logs/en-hu/${NAME}/teacher-1/train.log`, trainingLog()],
    ]);
    const second = whole.indexOf("teacher-1");
    whole.fill(0xff, second, second + 9);
    const { ids, problems } = await read(fileOf(whole));
    expect(ids).toEqual([["student_Zr7yQ"]]);
    expect(problems).toEqual([
      expect.stringMatching(
        /^failure: TAR: the tar is damaged: what came before was read, to .*student\/train\.log$/,
      ),
    ]);
  });

  it.each([
    ["a log", trainingLog(), "this is neither a folder nor a tar"],
    ["nothing", "", "this is neither a folder nor a tar"],
    ["an empty gzip", gzipSync(""), "this is neither a folder nor a tar"],
    ["bzip2", "BZh91AY", "this is bzip2, which is not read here: unpack it and name the folder"],
  ])("that are none: %s", async (_what, content, reason) => {
    await expect(openArchive(fileOf(Buffer.from(content)))).rejects.toThrow(reason);
  });

  it("that hold no archive", async () => {
    await expect(openArchive(fileOf(await pack([["a/b.txt", "x"]])))).rejects.toThrow(
      "there is no archive here",
    );
  });
});

describe("hostile tars", () => {
  it("write nothing outside of their folder", async () => {
    const outside = temporaryFolder();
    const up = "../io/".repeat(20);
    const entries: Entry[] = [
      [`logs/en-hu/${NAME}/student/train.log`, trainingLog()],
      [`${up}${outside}/train.log`, "up"],
      [`logs/en-hu/${NAME}/../../../..${outside}/train.log`, "up"],
      [`${outside}/models/de-en/train.log`, "absolute"],
      [{ name: `logs/en-hu/${NAME}/way`, type: "symlink", linkname: outside }],
      [`logs/en-hu/${NAME}/way/train.log`, "through a link"],
      [{ name: `logs/en-hu/${NAME}/teacher-1/train.log`, type: "link", linkname: "/etc/passwd" }],
      [{ name: `logs/en-hu/${NAME}/device/train.log`, type: "character-device" }],
      [{ name: `logs/en-hu/${NAME}/pipe/train.log`, type: "fifo" }],
      ["..", "x"],
      ["/", "x"],
    ];
    const path = fileOf(await pack(entries));
    const { archive, ids, problems } = await read(path);
    expect(readdirSync(outside)).toEqual([]);
    expect(ids.flat().sort()).toEqual(["student_Zr7yQ", "way_Zr7yQ"]);
    expect(
      archive.groups.flatMap(({ runs }) => runs.map(({ log }) => log?.path.startsWith(temporary))),
    ).toEqual([true, true]);
    const leading = problems.filter((problem) => problem.endsWith("its path leads out of the archive"));
    expect(leading).toHaveLength(4);
    expect(problems).toContainEqual(
      expect.stringMatching(
        /^warning: TAR: left out, .*: 4 links or devices \(.*way, .*teacher-1\/train\.log, .*device\/train\.log, …\)$/,
      ),
    );
  });

  it("may use names twice as file and folder, or names that no disk takes", async () => {
    const { ids, problems } = await read(
      fileOf(
        await pack([
          [`logs/en-hu/${NAME}/student/train.log`, trainingLog()],
          [`logs/en-hu/${NAME}/student/train.log/train.log`, trainingLog()],
          [`logs/en-hu/${NAME}/student/a/train.log`, trainingLog()],
          [`logs/en-hu/${NAME}/student/a`, "a file"],
          [`logs/en-hu/${NAME}/${"n".repeat(300)}/train.log`, trainingLog()],
          [`logs/en-hu/${NAME}/teacher-1/train.log`, trainingLog()],
        ]),
      ),
    );
    expect(ids[0]).toContain("teacher-1_Zr7yQ");
    const faults = problems.filter((problem) => problem.startsWith("failure:"));
    expect(faults).toHaveLength(3);
    for (const fault of faults) expect(fault).toMatch(/: it could not be unpacked: /);
  });
});

describe("the folder that a tar is unpacked to", () => {
  it("is gone when the unpacking is stopped", async () => {
    const path = fileOf(await packTree(TREE));
    await expect(openArchive(path, { signal: AbortSignal.abort(new Error("enough")) })).rejects.toThrow(
      "enough",
    );
    const stop = new AbortController();
    const opening = openArchive(fileOf(await packTree({ ...TREE, "models/big": Buffer.alloc(5_000_000) })), {
      signal: stop.signal,
    });
    setImmediate(() => stop.abort(new Error("enough")));
    await expect(opening).rejects.toThrow("enough");
  });

  it.each([
    "process.exit(0)",
    "process.once('SIGTERM', () => process.exit(143)); process.kill(process.pid, 'SIGTERM')",
    "",
  ])("is gone when the process ends without removing it: %s", async (end) => {
    const { outputFiles } = await build({
      entryPoints: ["src/io/temporary-folder.ts"],
      bundle: true,
      platform: "node",
      format: "esm",
      write: false,
    });
    const script = `${outputFiles[0]?.text}
        import { writeFileSync } from "node:fs";
        const folder = await makeTemporaryFolder();
        writeFileSync(folder + "/file", "x");
        process.stdout.write(folder);
        ${end}`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [output] = await Promise.all([buffer(child.stdout), once(child, "exit")]);
    expect(dirname(output.toString())).toBe(temporary);
  });
});

function hasZstd(): boolean {
  try {
    execFileSync("zstd", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
