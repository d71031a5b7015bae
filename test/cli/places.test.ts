/** Places that are hard to read or write: few descriptors, small address spaces, full disks, names that are no UTF-8. */
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readdirSync, rmSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  binaryPath,
  check,
  eventually,
  filesBelow,
  freshFolder,
  type Run,
  runShell,
  startBinary,
} from "./run-binary.js";
import { start, train } from "./sample-logs.js";

const ROWS = 20;
const LOG = start() + Array.from({ length: ROWS }, (_, row) => train(row + 1)).join("");
const OFFLINE = { WANDB_MODE: "offline", WANDB_PROJECT: "" };

/** Runs a shell script in which `$0` is Node and `$1` the program. */
function shell(script: string, folder: string, env: Readonly<Record<string, string>> = {}): Promise<Run> {
  const words = [process.execPath, binaryPath("run"), binaryPath("parse_tc_logs")];
  return runShell(script, words, {
    folder,
    env: { ...OFFLINE, XDG_CACHE_HOME: join(folder, "cache"), ...env },
  });
}

/** An archive of 20 groups. */
function archive(models: number): string {
  const files: Record<string, string> = {};
  for (let group = 0; group < 20; group += 1)
    for (let model = 0; model < models; model += 1)
      files[`archive/logs/en-hu/group_${String(group).padStart(22, "A")}/m${model}/train.log`] = LOG;
  return freshFolder(files);
}

/** A path whose last byte is no UTF-8, made by a shell, as Node's own strings can't name it. */
function put(folder: string, octal: string, text: string): void {
  execFileSync(
    "sh",
    ["-c", `p=$(printf '${octal}'); mkdir -p "$(dirname "$p")"; printf %s "$1" > "$p"`, "sh", text],
    {
      cwd: folder,
    },
  );
}

const noStack = (run: Run) => expect(run.stderr).not.toMatch(/^ +at .*:\d+/m);

describe("with 64 descriptors", () => {
  it("an archive of 300 logs is read, published into offline files and put into tables", async () => {
    const folder = archive(15);
    const run = await shell(`ulimit -n 64; exec "$0" "$1" archive archive -o out -q --json`, folder);
    expect(run.stderr).not.toMatch(/EMFILE|many open/);
    expect(run.code).toBe(0);
    const { groups } = JSON.parse(run.stdout) as { groups: { runs: { state: string; kind: string }[] }[] };
    const runs = groups.flatMap(({ runs }) => runs);
    expect(runs.filter(({ state, kind }) => state === "new" && kind === "training")).toHaveLength(300);
    expect(filesBelow(join(folder, "wandb")).filter((path) => path.endsWith(".wandb"))).toHaveLength(320);
  });

  it("100 logs are parsed, checked and reported", async () => {
    const folder = archive(5);
    const run = await shell(
      `ulimit -n 40; "$0" "$1" parse 'archive/**/*.log' -o out -q || exit 8
       "$0" "$1" report --from archive archive -o r.html -q || exit 9
       exec "$0" "$1" check 'archive/**/*.log' --json > check.json`,
      folder,
    );
    expect({ code: run.code, stderr: run.stderr }).toEqual({ code: 1, stderr: "" });
    expect(filesBelow(join(folder, "out"))).toHaveLength(200);
  });
});

describe("a directory on standard input", () => {
  const said = /standard input is a directory/;
  it.each([
    ["parse", `"$0" "$1" parse < .`, 1],
    ["parse -", `"$0" "$1" parse - < .`, 1],
    ["check -", `"$0" "$1" check - < .`, 1],
    ["report", `"$0" "$1" report < .`, 1],
    ["parse_tc_logs", `"$0" "$2" < .`, 2],
    ["parse_tc_logs --from-stream", `"$0" "$2" --from-stream < .`, 1],
    ["--files-from", `"$0" "$1" parse --files-from - < .`, 2],
  ] as const)("%s says so", async (_name, script, code) => {
    const run = await shell(script, freshFolder());
    noStack(run);
    expect((run.stdout + run.stderr).replace(/\s*\n\s*›\s*/g, " ")).toMatch(said);
    expect(run.code).toBe(code);
  });
});

describe("a small address space (ulimit -v)", () => {
  it("says what to do, and works when that is done", async () => {
    const folder = freshFolder({ "a.log": LOG });
    const parse = `"$0" "$1" parse a.log -q`;
    const refused = await shell(`ulimit -v 4000000; exec ${parse}`, folder);
    noStack(refused);
    expect(refused.stderr.replace(/\s+/g, " ")).toMatch(
      /ulimit -v.*NODE_OPTIONS=--disable-wasm-trap-handler/,
    );
    expect(refused.code).toBe(1);
    const done = await shell(`ulimit -v 4000000; exec ${parse}`, folder, {
      NODE_OPTIONS: "--disable-wasm-trap-handler",
    });
    check(done, { code: 0 });
  });

  it("the pipe passes its input on and reads it", async () => {
    const folder = freshFolder({ "a.log": LOG });
    const run = await shell(`ulimit -v 4000000; cat a.log | "$0" "$2" --from-stream`, folder);
    expect(run.stdout).toBe(LOG);
    expect(run.stderr).toContain(`training   ${ROWS} rows`);
  });
});

describe("an output that can't be written", () => {
  it("is named where the disk is full", async () => {
    const folder = freshFolder({ "a.log": LOG });
    const run = await shell(
      `mkdir other; "$0" "$1" report a.log -o /dev/full --summary other/s.json; echo "code $?"`,
      folder,
    );
    noStack(run);
    expect(run.stderr).toContain("/dev/full does not fit: the disk is full");
    expect(run.stdout).toContain("code 3");
  });

  it("is named by its place, not by the file beside it, in a folder that others may not write to", async () => {
    const folder = freshFolder({ "a.log": LOG });
    const place = join(folder, "closed");
    mkdirSync(place);
    chmodSync(place, 0o555);
    const user =
      process.getuid?.() === 0
        ? `const { spawnSync } = require("node:child_process");
           const { status, stderr } = spawnSync(process.argv[1], process.argv.slice(2), { uid: 65534, gid: 65534, encoding: "utf8" });
           process.stderr.write(stderr); process.exit(status);`
        : undefined;
    const command = `"$1" report ../a.log -o r.html --summary "$PWD/../s.json"`;
    chmodSync(folder, 0o777);
    const run = await shell(
      `cd closed; export HOME=/nonexistent; ${user === undefined ? `exec "$0" ${command}` : `exec "$0" -e '${user}' "$0" ${command}`}`,
      folder,
    );
    noStack(run);
    expect(run.stderr).toMatch(/not written: r\.html may not be written \(permission denied\)/);
    expect(run.code).toBe(3);
  });

  it.each([
    ["CSV", ["-o", "out"], "out", /NOT WRITTEN CSV: out\/training\.csv can't be made here/],
    [
      "NDJSON",
      ["-o", "out", "--format", "ndjson"],
      "out",
      /NDJSON: out\/measurements\.ndjson can't be made here/,
    ],
    [
      "W&B",
      ["-o", "out", "--wandb-project", "p"],
      "wandb",
      /W&B: .*\.wandb was removed while it was being written/,
    ],
  ] as const)(
    "%s that is deleted during the run is an error, not a result",
    async (_name, flags, gone, said) => {
      const live = startBinary("run", ["parse", "-", ...flags], { env: OFFLINE });
      live.child.stdin.write(LOG);
      const there = () =>
        filesBelow(join(live.folder, gone)).some((path) => /\.partial$|\.wandb$/.test(path)) &&
        filesBelow(join(live.folder, "out")).length > 0;
      await eventually(there, live);
      for (const path of gone === "wandb"
        ? filesBelow(join(live.folder, gone)).filter((path) => path.endsWith(".wandb"))
        : [""])
        rmSync(join(live.folder, gone, path), { recursive: true, force: true });
      live.child.stdin.end(train(ROWS + 1));
      const run = await live.done;
      noStack(run);
      expect(run.stderr).toMatch(said);
      expect(run.code).toBe(3);
    },
  );
});

describe("names that are no UTF-8", () => {
  const said = /not UTF-8, so it can't be opened: rename it/;
  const some = () => {
    const folder = freshFolder({ "d/ok.log": LOG });
    put(folder, "d/a\\376.log", LOG);
    put(folder, "d/sub\\377/in.log", LOG);
    return folder;
  };

  it.each([
    ["a pattern", `"$0" "$1" parse 'd/**/*.log'`],
    ["a pattern of the shell", `"$0" "$1" parse d/*.log`],
    ["a list", `find d -name '*.log' | "$0" "$1" parse --files-from -`],
    ["a report's folder", `"$0" "$1" report d -o r.html`],
    ["a check", `"$0" "$1" check 'd/**/*.log'`],
  ] as const)("in %s are errors, and the others are read", async (name, script) => {
    const run = await shell(script, some());
    noStack(run);
    const text = run.stdout + run.stderr;
    expect(text).toMatch(said);
    expect(text).toContain("d/a\uFFFD.log");
    if (!name.endsWith("shell")) expect(text).toContain("d/sub\uFFFD");
    expect(text).toMatch(/20 training rows|d\/ok\.log:25: unfinished/);
    expect(run.code).toBe(1);
  });

  it("in an archive are errors, and the rest of it is published", async () => {
    const folder = freshFolder({ "a/logs/p/g_AAAAAAAAAAAAAAAAAAAAAA/ok/train.log": LOG });
    const group = "a/logs/p/g_AAAAAAAAAAAAAAAAAAAAAA";
    put(folder, `${group}/ok/junk\\377.txt`, "x");
    put(folder, `${group}/m\\377/train.log`, LOG);
    const run = await shell(`exec "$0" "$1" archive a -o out`, folder);
    noStack(run);
    expect(run.stderr).toMatch(/ERROR .*ok\/junk\uFFFD\.txt: its name is not UTF-8/);
    expect(run.stderr).toMatch(/ERROR .*\/m\uFFFD: the folder could not be read: its name/);
    expect(run.stderr).toMatch(/ok_AAAAA: new, 20 training rows/);
    expect(run.stderr).toMatch(/group_logs_AAAAA: new/);
    expect(run.code).toBe(1);
  });
});

describe("parts of files that an earlier version left", () => {
  const PART = "train.log.0f8fad5b-d9cb-469f-a165-70867728950e.part";

  it("are removed by the next run that writes there, after seven days", async () => {
    const folder = freshFolder({
      "a.log": LOG,
      [`out/${PART}`]: "old",
      [`out/new.${PART}`]: "new",
      "out/mine.part": "mine",
    });
    const long = new Date(Date.now() - 8 * 24 * 3600 * 1000);
    for (const name of [PART, "mine.part"]) utimesSync(join(folder, "out", name), long, long);
    check(await shell(`exec "$0" "$1" parse a.log -o out -q`, folder), { code: 0 });
    expect(readdirSync(join(folder, "out")).sort()).toEqual([
      "mine.part",
      `new.${PART}`,
      "training.csv",
      "validation.csv",
    ]);
  });
});
