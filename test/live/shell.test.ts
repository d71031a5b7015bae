/** The script that shells start as parse_tc_logs: whatever becomes of Node, standard input is passed on. */
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { freshFolder } from "../cli/run-binary.js";
import { childOf, openPipe } from "./open-pipe.js";

const SCRIPT = resolve("bin/parse_tc_logs");
const CACHE = resolve("node_modules/.cache/marian-tracking");
const TOOLS = ["cat", "dirname", "readlink", "sleep"];

/** A folder for the PATH with what the script calls, and a `node` that is this script. */
function toolsWith(node?: string): string {
  const folder = join(freshFolder(), "tools");
  mkdirSync(folder);
  for (const tool of TOOLS)
    for (const place of ["/usr/bin", "/bin"])
      if (existsSync(join(place, tool)) && !existsSync(join(folder, tool)))
        symlinkSync(join(place, tool), join(folder, tool));
  if (node !== undefined) {
    writeFileSync(join(folder, "node"), node);
    chmodSync(join(folder, "node"), 0o755);
  }
  return folder;
}

const start = (args: readonly string[], env: Record<string, string>, script = SCRIPT) =>
  openPipe(script, args, { cwd: freshFolder(), env });

const withNode = { PATH: process.env["PATH"] ?? "" };
const STREAM = ["--from-stream", "-o", "out"];
const PASSED_ON = "; standard input is passed on, and no more of it is read";

describe("with Node", () => {
  test("a log is passed on and read, also through a link", async () => {
    const link = join(freshFolder(), "parse_tc_logs");
    symlinkSync(SCRIPT, link);
    const text = readFileSync("fixtures/train.log", "utf8");
    const { child, write, end } = start(STREAM, withNode, link);
    write(text);
    const { code, stdout, stderr } = await end();
    expect([code, stdout]).toEqual([0, text]);
    expect(stderr).toContain("87 rows");
    expect(child.exitCode).toBe(0);
  });

  test("a file is read, and its exit code kept", () => {
    const read = (...args: string[]) =>
      spawnSync(SCRIPT, args, { cwd: freshFolder(), env: withNode, encoding: "utf8", input: "" });
    expect(read("-i", resolve("fixtures/train.log")).status).toBe(0);
    expect(read("-i", "missing.log").status).toBe(1);
    expect(read("--nope").status).toBe(2);
    expect(read("--help").stdout).toContain("--from-stream");
  });

  test.each([
    ["3", {}, 3],
    ["0 in automation", { MOZ_AUTOMATION: "1" }, 0],
  ] as const)("that is killed, the rest is passed on, and the end is %s", async (_, env, expected) => {
    const { child, write, passed, end } = start(STREAM, { ...withNode, ...env });
    write("one\n");
    await passed("one\n");
    process.kill(childOf(child.pid as number), "SIGKILL");
    write("two\n");
    await passed("two\n");
    write("three\n");
    const { code, stdout, stderr } = await end();
    expect([code, stdout]).toEqual([expected, "one\ntwo\nthree\n"]);
    expect(stderr).toContain(`parse_tc_logs: Node ended with code 137${PASSED_ON}\n`);
  });

  test.each([
    ["SIGTERM", 143],
    ["SIGINT", 130],
  ] as const)("%s does not end it before its input, and gives the code %i", async (signal, expected) => {
    const { child, write, passed, end } = start(STREAM, withNode);
    write("one\n");
    await passed("one\n");
    child.kill(signal);
    child.kill(signal);
    write("two\n");
    await passed("two\n");
    const { code, stdout } = await end();
    expect([code, stdout]).toEqual([expected, "one\ntwo\n"]);
  });
});

describe("without a Node that runs", () => {
  test.each([
    ["there is none", undefined, /not found/],
    ["it dies of a signal", "#!/bin/sh\nkill -SEGV $$\n", /Node ended with code 139/],
    ["it can't be executed", "\u0000", /Node ended with code 12[67]/],
  ])("everything is passed on where %s", async (_, node, reason) => {
    const { write, end } = start(STREAM, { PATH: toolsWith(node) });
    write("one\ntwo\n");
    const { code, stdout, stderr } = await end();
    expect([code, stdout]).toEqual([3, "one\ntwo\n"]);
    expect(stderr).toMatch(reason);
    expect(stderr).toContain(PASSED_ON);
  });

  test("the training is not hurt if nobody reads what is passed on", async () => {
    const { child, write, passed, end } = start(STREAM, { PATH: toolsWith() });
    write("one\n");
    await passed("one\n");
    child.stdout.destroy();
    write("two\n".repeat(200_000));
    const { code } = await end();
    expect(code).toBe(3);
  });

  test("a file is not read, and one sentence says why", () => {
    const { status, stderr } = spawnSync(SCRIPT, ["-i", "train.log"], {
      env: { PATH: toolsWith() },
      encoding: "utf8",
    });
    expect([status, stderr]).toEqual([
      127,
      "parse_tc_logs: Node 20.19 or newer is needed, and the PATH has no node\n",
    ]);
  });
});

/** A Node of npm's package, fetched once; or why there is none. */
function oldNode(major: number): string {
  const folder = join(CACHE, `node-${major}`);
  const node = join(folder, "package/bin/node");
  if (existsSync(node)) return node;
  mkdirSync(folder, { recursive: true });
  const name = `node-${process.platform}-${process.arch}@${major}`;
  const packed = spawnSync("npm", ["pack", "--silent", "--pack-destination", folder, name], {
    encoding: "utf8",
  });
  const tarball = packed.stdout?.trim().split("\n").at(-1);
  if (packed.status === 0 && tarball)
    spawnSync("tar", ["-xzf", join(folder, tarball), "-C", folder, "package/bin/node"]);
  return node;
}

describe.each([12, 16, 18])("with Node %i", (major) => {
  const node = oldNode(major);
  const missing = !existsSync(node);
  if (missing) process.stderr.write(`skipped: Node ${major} is not in the cache and can't be fetched\n`);
  const env = () => ({ PATH: [resolve(node, ".."), toolsWith()].join(delimiter) });

  test.skipIf(missing)("a training's log is passed on, and one sentence names the version", async () => {
    const { write, end } = start(STREAM, env());
    write("one\ntwo\n");
    const { code, stdout, stderr } = await end();
    expect([code, stdout]).toEqual([3, "one\ntwo\n"]);
    const [first, ...rest] = stderr.split("\n");
    expect(first).toMatch(/^parse_tc_logs: Node 20\.19 or newer is needed; this is v\d+\.\d+\.\d+$/);
    expect(rest).toEqual([`parse_tc_logs: Node ended with code 126${PASSED_ON}`, ""]);
  });

  test.skipIf(missing).each(["marian-tracking", "parse_experiment_dir", "parse_tc_group"])(
    "%s says in one sentence which version it needs",
    (name) => {
      const { status, stdout, stderr } = spawnSync(node, [resolve("bin", `${name}.cjs`), "--version"], {
        encoding: "utf8",
      });
      expect([status, stdout]).toEqual([126, ""]);
      expect(stderr).toMatch(new RegExp(`^${name}: Node 20\\.19 or newer is needed; this is v${major}\\.`));
      expect(stderr.split("\n")).toHaveLength(2);
    },
  );
});
