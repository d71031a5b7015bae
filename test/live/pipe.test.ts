/** The pipe with readers that misbehave. Its limits of time pass at once or never: no test waits for one. */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cleanEnvironment } from "../cli/run-binary.js";

const folder = mkdtempSync(join(tmpdir(), "pipe-"));
const program = join(folder, "pipe.mjs");
const HANGS =
  "setInterval(() => {}, 1000); process.on('SIGTERM', () => {}).on('SIGINT', () => {}); require('fs').writeSync(3, 'ready\\n');";
/** Says what it has read, when that ends; signals change nothing. */
const TAKES_SIGNALS =
  "let all = ''; process.on('SIGTERM', () => {}).on('SIGINT', () => {}); require('fs').writeSync(3, 'ready\\n'); process.stdin.on('data', (c) => { all += c; }).on('end', () => { process.stderr.write(all); })";
const LOG = Array.from({ length: 5000 }, (_, index) => `line ${index}\n`).join("");

beforeAll(async () => {
  await build({
    stdin: {
      contents: `import { endProcess, runPipe } from "./src/live/pipe.ts";
const [reader, limits, passing] = process.argv.slice(2).map((text) => JSON.parse(text));
const sleep = (milliseconds) => new Promise((resolve) => passing.includes(milliseconds) && resolve());
endProcess(await runPipe(reader, limits, sleep));`,
      resolveDir: fileURLToPath(new URL("../../", import.meta.url)),
    },
    outfile: program,
    bundle: true,
    platform: "node",
    format: "esm",
    logLevel: "error",
  });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Done {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

const LIMITS = { buffer: 64e6, atEnd: 300, afterSignal: 600 };

/**
 * A reader is a script, or any command.
 *
 * @param passing The limits of time, in milliseconds, that pass at once.
 */
function start(
  reader: string | readonly string[],
  { passing = [], buffer = LIMITS.buffer }: { passing?: readonly number[]; buffer?: number } = {},
  env: Record<string, string> = {},
) {
  const [command = "", ...args] = typeof reader === "string" ? [process.execPath, "-e", reader] : reader;
  const child = spawn(
    process.execPath,
    [
      program,
      ...[{ program: command, args }, { ...LIMITS, buffer }, passing].map((each) => JSON.stringify(each)),
    ],
    { env: cleanEnvironment(env), stdio: ["pipe", "pipe", "pipe"] },
  );
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (text: Buffer) => {
    stdout += text.toString();
  });
  child.stderr.on("data", (text: Buffer) => {
    stderr += text.toString();
  });
  child.stdin.on("error", () => {});
  const done = new Promise<Done>((resolve) => {
    child.once("close", (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  return { child, done, echoed: () => stdout, said: () => stderr };
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function through(...parameters: Parameters<typeof start>): Promise<Done> {
  const { child, done } = start(...parameters);
  child.stdin.end(LOG);
  return done;
}

describe("the pipe", () => {
  it("passes on what a reader takes, what the reader says, and the reader's exit code", async () => {
    const reader =
      "let n = 0; process.stdin.on('data', (c) => { n += c.length; }).on('end', () => { console.error(n); process.exitCode = 3; })";
    const done = await through(reader);
    expect(done).toEqual({ code: 3, signal: null, stdout: LOG, stderr: `${LOG.length}\n` });
  });

  it.each([
    ["ends at once", "process.exit(1)", 1, /the reading process ended early with code 1/],
    ["is killed", "process.kill(process.pid, 'SIGKILL')", 3, /the reading process was ended by SIGKILL/],
    [
      "can't be started",
      ["/no/such/program"],
      3,
      /the reading process could not be started \(spawn \/no\/such\/program ENOENT\)/,
    ],
  ])("goes on when the reader %s", async (_what, reader, code, stderr) => {
    const { child, done, said } = start(reader);
    child.stdin.write(LOG);
    // The end of the input must not come before that of the reader.
    while (!stderr.test(said())) await new Promise((resolve) => setTimeout(resolve, 5));
    child.stdin.end(LOG);
    expect(await done).toMatchObject({ code, signal: null, stdout: LOG + LOG });
  });

  it("says how much a reader that died did not get", async () => {
    const { child, done, echoed, said } = start(
      "require('fs').writeSync(2, process.pid + '\\n'); process.kill(process.pid, 'SIGKILL')",
    );
    child.stdin.write("first\n");
    while (echoed() !== "first\n" || !said().includes("\n"))
      await new Promise((resolve) => setTimeout(resolve, 5));
    // The pipe has heard of it when no such process is left.
    while (isAlive(Number.parseInt(said(), 10))) await new Promise((resolve) => setTimeout(resolve, 5));
    child.stdin.end("second\n");
    const { stderr } = await done;
    const [, bytes, from] =
      /(\d+) bytes of standard input, from byte (\d+) on, were not read/.exec(stderr) ?? [];
    expect(Number(bytes) + Number(from)).toBe(13);
    expect(Number(bytes)).toBeGreaterThanOrEqual(7);
  });

  it("ends a reader that hangs when the log is over", async () => {
    const done = await through(HANGS, { passing: [LIMITS.atEnd] });
    expect([done.code, done.stdout === LOG]).toEqual([3, true]);
    expect(done.stderr).toMatch(/did not end within 0\.3 s of the end of standard input and was killed/);
  });

  it("is not held up by a reader that takes nothing, and counts what that missed", async () => {
    const big = `${"x".repeat(999)}\n`.repeat(20_000);
    const { child, done } = start(HANGS, { passing: [LIMITS.atEnd], buffer: 1e6 });
    child.stdin.end(big);
    const { code, stdout, stderr } = await done;
    expect([code, stdout === big]).toEqual([3, true]);
    const [, bytes] = /(\d+) bytes of standard input, from byte \d+ on, were not read/.exec(stderr) ?? [];
    expect(Number(bytes)).toBeGreaterThan(big.length - 3e6);
    expect(Number(bytes)).toBeLessThan(big.length);
  });

  it.each([
    [["SIGTERM"], 143],
    [["SIGINT"], 130],
    [["SIGTERM", "SIGTERM"], 143],
    [["SIGINT", "SIGTERM", "SIGINT"], 130],
    [["SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2"], 0],
  ] as const)(
    "after %j goes on until its input ends, and gives the reader everything: code %i",
    async (names, code) => {
      const { child, done, echoed } = start(TAKES_SIGNALS);
      const write = async (text: string) => {
        const wanted = echoed() + text;
        child.stdin.write(text);
        while (echoed() !== wanted) await new Promise((resolve) => setTimeout(resolve, 5));
      };
      await write("before\n");
      for (const name of names) {
        child.kill(name);
        await write(`after ${name}\n`);
      }
      child.stdin.end("the last word\n");
      const log = ["before", ...names.map((name) => `after ${name}`), "the last word", ""].join("\n");
      expect(await done).toEqual({ code, signal: null, stdout: log, stderr: log });
    },
  );

  it("ends a reader that hangs after a signal and the end of the log", async () => {
    const { child, done, echoed } = start(HANGS, { passing: [LIMITS.afterSignal] });
    child.stdin.write("before\n");
    while (echoed() !== "before\n") await new Promise((resolve) => setTimeout(resolve, 5));
    child.kill("SIGTERM");
    child.stdin.end("after\n");
    const ended = await done;
    expect([ended.code, ended.signal, ended.stdout]).toEqual([143, null, "before\nafter\n"]);
    expect(ended.stderr).toMatch(
      /did not end within 0\.6 s of SIGTERM and the end of standard input and was killed/,
    );
  });

  it("tells the reader that its input ends with the log, and not so when it is killed itself", async () => {
    const heard = join(folder, "heard");
    const reader = `let said = '', over = false; const fs = require('fs');
      const write = () => { fs.writeFileSync(${JSON.stringify(heard)}, said); process.exit(); };
      const channel = new (require('net').Socket)({ fd: 3, readable: true });
      channel.on('data', (c) => { said += c; if (over) write(); }).on('close', write).on('error', () => {});
      fs.writeSync(2, 'reading');
      process.stdin.resume().on('end', () => { over = true; if (said !== '') write(); });`;
    const whole = start(reader);
    whole.child.stdin.end("log\n");
    await whole.done;
    expect(readFileSync(heard, "utf8")).toBe("end\n");
    rmSync(heard);
    const killed = start(reader);
    await new Promise((resolve) => killed.child.stderr.once("data", resolve));
    killed.child.kill("SIGKILL");
    await killed.done;
    while (!existsSync(heard)) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(readFileSync(heard, "utf8")).toBe("");
  });

  it("takes a signal that comes before the reader can", async () => {
    const { child, done, echoed } = start(
      "process.stdin.resume().on('end', () => { process.on('SIGTERM', () => process.exit(0)); require('fs').writeSync(3, 'ready\\n'); setInterval(() => {}, 100); })",
    );
    child.stdin.write("x");
    while (echoed() !== "x") await new Promise((resolve) => setTimeout(resolve, 5));
    child.kill("SIGTERM");
    child.stdin.end();
    expect(await done).toEqual({ code: 143, signal: null, stdout: "x", stderr: "" });
  });

  it.each([
    [{}, "process.exit(3)", 3],
    [{ MOZ_AUTOMATION: "1" }, "process.exit(3)", 0],
    [
      { MOZ_AUTOMATION: "1" },
      "require('fs').writeSync(3, 'trial\\n'); process.stdin.resume().on('end', () => process.exit(3))",
      1,
    ],
    [{ MOZ_AUTOMATION: "1" }, "require('fs').writeSync(3, 'trial\\n'); process.stdin.resume()", 0],
  ])("with %j after %s gives %i", async (env, reader, code) => {
    expect((await through(reader, {}, env)).code).toBe(code);
  });
});
