import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { PrefixStripper, TerminalText } from "../../src/cli/taskcluster/log-text.js";
import { nodeCore } from "../../src/node-core.js";
import { binaryPath, check, eventually, runShell, startBinary } from "../cli/run-binary.js";
import { type Setting, setting } from "../cli/taskcluster.js";
import { runOf } from "../servers/taskcluster/own-groups.js";
import { IDS } from "../taskcluster/client/ids.js";

const BACKING = "public/logs/live_backing.log";
const LOG = `[taskcluster 2026-11-24T11:00:00.000Z] Task ID: x
[task 2026-11-24T11:00:01.000Z] [2026-11-24 11:00:01] [marian] Marian v1.12.14
[task 2026-11-24T11:00:02.000Z] 12 %\r[task 2026-11-24T11:00:02.000Z] 13 %
[vcs 2026-11-24T11:00:03.000Z] [task
no prefix
`;
const STRIPPED = `Task ID: x
[2026-11-24 11:00:01] [marian] Marian v1.12.14
12 %\r[task 2026-11-24T11:00:02.000Z] 13 %
[task
no prefix
`;

/** Ends the last run of the second teacher. */
function finish({ server }: Setting, end: string, log?: string): void {
  const { status } = server.store.task(IDS.teacher2);
  const runId = status.runs.length - 1;
  status.runs[runId] = runOf(end, runId);
  status.state = status.runs[runId]?.state ?? "";
  if (log !== undefined) server.setContent(IDS.teacher2, runId, BACKING, log);
}

describe("prefixes", () => {
  it("are taken away, however the log comes in chunks", () => {
    const bytes = Buffer.from(LOG);
    for (let size = 1; size < bytes.length; size += 7) {
      const stripper = new PrefixStripper(nodeCore());
      const parts: Buffer[] = [];
      for (let at = 0; at < bytes.length; at += size)
        parts.push(stripper.take(bytes.subarray(at, at + size)));
      parts.push(stripper.end());
      expect(Buffer.concat(parts).toString()).toBe(STRIPPED);
    }
  });

  it("leave everything else as it is, to the byte", () => {
    for (const text of [
      "",
      "[",
      "[task",
      "[task x] y\n",
      `[${"x".repeat(500)}\n`,
      "\n\n",
      "[2026-11-24 11:00:01] z",
    ]) {
      const stripper = new PrefixStripper(nodeCore());
      expect(Buffer.concat([stripper.take(Buffer.from(text)), stripper.end()]).toString()).toBe(text);
    }
    const binary = Buffer.from([0x5b, 0xff, 0x00, 0x0a, 0x80]);
    const stripper = new PrefixStripper(nodeCore());
    expect(Buffer.concat([stripper.take(binary), stripper.end()])).toEqual(binary);
  });

  it("do not hold a line back that is still growing, but for its start", () => {
    const stripper = new PrefixStripper(nodeCore());
    expect(stripper.take(Buffer.from("[task 2026-11-24T")).toString()).toBe("");
    expect(stripper.take(Buffer.from("11:00:01.000Z]")).toString()).toBe("");
    expect(stripper.take(Buffer.from(" hal")).toString()).toBe("hal");
    expect(stripper.take(Buffer.from(`f ${"x".repeat(60)}`)).toString()).toBe(`f ${"x".repeat(60)}`);
    expect(stripper.take(Buffer.from("more")).toString()).toBe("more");
  });
});

describe("text for a terminal", () => {
  it("has nothing in it that controls", () => {
    const text = "\u001b[31mred\u001b[0m \u001b]0;title\u0007 \u009b2J é\tz\r\nprogress\rmore\u0000\n";
    const bytes = Buffer.from(text);
    const terminal = new TerminalText();
    const parts = [...bytes].map((_, at) => terminal.take(bytes.subarray(at, at + 1)));
    const shown = Buffer.concat([...parts, terminal.end()]).toString();
    expect(shown).not.toMatch(/[^\P{Cc}\n\t]/u);
    expect(shown).toContain(String.raw`\u001b[31mred\u001b[0m`);
    expect(shown).toContain("é\tz\n");
    expect(shown).toMatch(/progress\nmore/);
    expect(new TerminalText().take(bytes).toString()).toContain("z\nprogress\nmore\\u0000\n");
  });
});

describe("logs", () => {
  it("prints the log of a task that is over, byte for byte", async () => {
    const { server, run } = await setting();
    const bytes = Buffer.concat([Buffer.from(LOG), Buffer.from([0xff, 0x00, 0x1b, 0x5b])]);
    server.setContent(IDS.teacher1, 1, BACKING, bytes);
    const printed = await run("logs", IDS.teacher1);
    check(printed, { code: 0, stdout: /./ });
    expect(printed.bytes).toEqual(bytes);
    server.setContent(IDS.teacher1, 1, BACKING, LOG);
    check(await run("logs", IDS.teacher1, "--strip", "--no-cache"), { code: 0, stdout: STRIPPED });
  });

  it("prints the log of the run that was asked for", async () => {
    const { server, run } = await setting();
    server.setContent(IDS.teacher1, 0, BACKING, "first\n");
    check(await run("logs", IDS.teacher1, "--run", "0"), { code: 0, stdout: "first\n" });
    check(await run("logs", `${server.url}/tasks/${IDS.teacher1}/runs/0/logs/${BACKING}`), {
      code: 0,
      stdout: "first\n",
    });
    for (const follow of [[], ["--follow"]])
      check(await run("logs", IDS.teacher1, "--run", "7", ...follow), {
        code: 1,
        stderr: /has no run 7: there is 0 \(exception, worker-shutdown\), 1 \(completed\)\n/,
      });
  });

  it("prints what there is of a task that runs, and says that it does", async () => {
    const { server, run } = await setting();
    server.live(IDS.teacher2).append(LOG);
    check(await run("logs", IDS.teacher2), {
      code: 0,
      stdout: LOG,
      stderr: /still running: --follow goes on/,
    });
  });

  it("gives no log that controls the terminal to one", async () => {
    if (spawnSync("script", ["--version"]).error !== undefined) {
      process.stdout.write("skipped: the program script, which makes a terminal, is not installed\n");
      return;
    }
    const { server, options } = await setting();
    server.setContent(IDS.teacher1, 1, BACKING, "\u001b[31mred\u0007\n");
    const words = [`${process.execPath} ${binaryPath("run")} logs ${IDS.teacher1}`];
    const shown = await runShell(`exec script -qec "$0" /dev/null </dev/null`, words, options);
    expect(shown.stdout).toContain(String.raw`\u001b[31mred\u0007`);
    for (const control of ["\u001b[31m", "\u0007"]) expect(shown.stdout).not.toContain(control);
  });

  it("stops when its reader has seen enough", async () => {
    const { server, options } = await setting();
    server.setContent(IDS.teacher1, 1, BACKING, LOG.repeat(20_000));
    const words = [process.execPath, binaryPath("run"), "logs", IDS.teacher1];
    const run = await runShell(`{ "$0" "$@"; echo "code $?" >&2; } | head -n 1`, words, options);
    expect(run.stdout).toBe(`${LOG.split("\n")[0]}\n`);
    expect(run.stderr).toBe("code 0\n");
  });

  it("says what is wrong in words", async () => {
    const { server, run } = await setting();
    check(await run("logs", "teacher"), { code: 2, stderr: /'teacher' is not the id of a task/ });
    check(await run("logs", IDS.unknown), { code: 1, stderr: /is not there, or has expired/ });
    check(await run("logs", IDS.quantize), {
      code: 1,
      stderr: /has not begun \(unscheduled\): --follow waits/,
    });
    server.store.removeArtifact(IDS.student, BACKING);
    check(await run("logs", IDS.student), {
      code: 1,
      stderr: /artifact public\/logs\/live_backing\.log of task .* is not there/,
    });
  });
});

describe("logs --follow", () => {
  it("prints a log while it grows and ends with the task: 0 when it is completed", async () => {
    const all = await setting();
    const log = all.server.live(IDS.teacher2);
    log.append("one\n");
    const live = startBinary("run", ["logs", "--follow", IDS.teacher2], all.options);
    await live.until((stdout) => stdout === "one\n");
    log.append("two\n");
    await live.until((stdout) => stdout === "one\ntwo\n");
    finish(all, "completed", "one\ntwo\nthree\n");
    log.end();
    const run = await live.done;
    expect([run.code, run.stdout]).toEqual([0, "one\ntwo\nthree\n"]);
    expect(run.stderr).toContain(`${IDS.teacher2}: completed`);
  });

  it("follows into the next run, and exits with 4 when the task fails", async () => {
    const all = await setting();
    const { status } = all.server.store.task(IDS.teacher2);
    const log = all.server.live(IDS.teacher2);
    log.append("[task 2026-11-24T11:00:01.000Z] one\n");
    const live = startBinary("run", ["logs", "-f", "--strip", IDS.teacher2], all.options);
    await live.until((stdout) => stdout === "one\n");
    finish(all, "worker-shutdown", "[task 2026-11-24T11:00:01.000Z] one\nlast words\n");
    status.runs.push(runOf("running", 1));
    status.state = "running";
    const next = all.server.live(IDS.teacher2, 1);
    next.append("[task 2026-11-24T12:00:01.000Z] again\n");
    log.kill();
    await live.until((stdout) => stdout === "one\nlast words\nagain\n");
    finish(all, "failed", "[task 2026-11-24T12:00:01.000Z] again\nfailed\n");
    next.end();
    const run = await live.done;
    expect([run.code, run.stdout]).toEqual([4, "one\nlast words\nagain\nfailed\n"]);
    expect(run.stderr).toMatch(/run 0 ended \(worker-shutdown\): the next run follows/);
  });

  it("prints a task that is over, with its fate", async () => {
    const { server, run } = await setting();
    server.setContent(IDS.finetuned, 0, BACKING, "no room\n");
    check(await run("logs", "-f", IDS.finetuned), { code: 4, stdout: "no room\n", stderr: /: failed/ });
  });

  it.each([
    ["SIGTERM", 143],
    ["SIGINT", 130],
  ] as const)("is stopped by %s", async (signal, code) => {
    const { server, options } = await setting();
    server.live(IDS.teacher2).append("one\n");
    const live = startBinary("run", ["logs", "-f", IDS.teacher2], options);
    await live.until((stdout) => stdout === "one\n");
    live.child.kill(signal);
    expect((await live.done).code).toBe(code);
  });

  it("ends when its reader goes", async () => {
    const { server, options } = await setting();
    const log = server.live(IDS.teacher2);
    log.append("one\n");
    const live = startBinary("run", ["logs", "-f", IDS.teacher2], options);
    await live.until((stdout) => stdout === "one\n");
    live.child.stdout.destroy();
    await eventually(() => {
      log.append("more\n");
      return live.child.exitCode !== null;
    }, live).catch(() => {});
    expect((await live.done).code).toBe(0);
  });
});
