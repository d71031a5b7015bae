import { spawnSync } from "node:child_process";
import type { WriteStream } from "node:tty";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { showProgress, startProgress } from "../../../src/cli/terminal/progress.js";
import { pauses } from "../../../src/http/index.js";
import { say } from "../../../src/io/terminal.js";
import { IDS } from "../../taskcluster/client/ids.js";
import { binaryPath, startProgram } from "../run-binary.js";
import { setting } from "../taskcluster.js";

/** What a person sees in the end: a line is drawn over from its start. */
function screen(text: string): string {
  return text
    .split("\n")
    .map((line) => line.replace(/\r$/, "").split("\r").at(-1)?.replaceAll("\u001b[K", "") ?? "")
    .join("\n");
}

describe("the progress line", () => {
  let written = "";
  const terminal = (columns = 80) =>
    ({
      isTTY: true,
      columns,
      write: (text: string) => {
        written += text;
      },
    }) as unknown as WriteStream;

  beforeEach(() => {
    written = "";
    vi.stubEnv("TERM", "xterm");
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    vi.useRealTimers();
    vi.restoreAllMocks();
  });

  it("appears after a second, is drawn over in place, and leaves nothing", () => {
    let text = "3 tasks";
    const line = showProgress((elapsed) => `${text}, ${elapsed}`, terminal(), false);
    vi.advanceTimersByTime(900);
    expect(written).toBe("");
    vi.advanceTimersByTime(300);
    expect(screen(written)).toBe("3 tasks, 1 s");
    text = "40 tasks";
    vi.advanceTimersByTime(1000);
    expect(screen(written)).toBe("40 tasks, 2 s");
    line.stop();
    expect(screen(written)).toBe("");
    const all = written;
    vi.advanceTimersByTime(5000);
    expect(written).toBe(all);
  });

  it("is shorter than the window, and shows control characters", () => {
    const line = showProgress(() => `\u001b[31m${"x".repeat(100)}`, terminal(30), false);
    vi.advanceTimersByTime(1200);
    expect(screen(written)).toBe(`\\u001b[31m${"x".repeat(19)}`);
    line.stop();
  });

  it("makes room for messages", () => {
    vi.spyOn(process.stderr, "write").mockImplementation((text) => {
      written += String(text);
      return true;
    });
    const line = showProgress((elapsed) => `3 tasks, ${elapsed}`, terminal(), false);
    vi.advanceTimersByTime(1200);
    say("a message");
    vi.advanceTimersByTime(400);
    expect(screen(written)).toBe("a message\n3 tasks, 2 s");
    line.stop();
  });

  it("tells what requests wait for", () => {
    const line = showProgress((elapsed) => `3 tasks, ${elapsed}`, terminal(120), false);
    pauses.publish({ kind: "retry", milliseconds: 30_000, isAsked: true, reason: "HTTP 429" });
    vi.advanceTimersByTime(2000);
    expect(screen(written)).toBe("waiting 28 s because the server asked for it; 1 retry; 3 tasks, 2 s");
    vi.advanceTimersByTime(30_000);
    expect(screen(written)).toBe("1 retry; 3 tasks, 32 s");
    pauses.publish({ kind: "retry", milliseconds: 4000, isAsked: false, reason: "HTTP 502: Bad Gateway" });
    vi.advanceTimersByTime(1000);
    expect(screen(written)).toBe("trying again in 3 s (HTTP 502: Bad Gateway); 2 retries; 3 tasks, 33 s");
    line.stop();
  });

  it("of a part takes the place of that of the whole until it stops", () => {
    const whole = showProgress((elapsed) => `whole, ${elapsed}`, terminal(), false);
    vi.advanceTimersByTime(1200);
    const part = startProgress({ bytes: 4e6, runs: 3 }, terminal(), false);
    vi.advanceTimersByTime(1000);
    part.add(1e6);
    part.done();
    vi.advanceTimersByTime(1000);
    expect(screen(written)).toBe(
      "█████░░░░░░░░░░░░░░░ 25%  1 of 3 runs  1.0 MB of 4.0 MB  500.0 kB/s  6 s left",
    );
    part.stop();
    vi.advanceTimersByTime(200);
    expect(screen(written)).toBe("whole, 3 s");
    whole.stop();
  });

  it("off a terminal is a line every 30 seconds: runs, errors, bytes, speed and what is left", () => {
    vi.spyOn(process.stderr, "write").mockImplementation((text) => {
      written += String(text);
      return true;
    });
    const pipe = { ...terminal(), isTTY: false } as unknown as WriteStream;
    const bar = startProgress({ bytes: 4e9, runs: 2000 }, pipe, false, { heartbeat: true });
    bar.add(1e9);
    bar.done(500, 3);
    vi.advanceTimersByTime(29_900);
    expect(written).toBe("");
    vi.advanceTimersByTime(200);
    expect(written).toBe(
      "after 30 s, 500 of 2,000 runs, 3 with errors, 1.0 GB of 4.0 GB, 33.3 MB/s, 90 s left\n",
    );
    bar.stop();
    startProgress({ bytes: 1, runs: 1 }, pipe, true, { heartbeat: true });
    vi.advanceTimersByTime(90_000);
    expect(written.split("\n")).toHaveLength(2);
  });

  it("expects the end by the speed of the last minute", () => {
    const bar = startProgress({ bytes: 1e9 }, terminal(), false);
    const seen: number[] = [];
    for (let second = 1; second <= 600; second += 1) {
      // Slow at the start, as when a disk is cold.
      bar.add(second <= 100 ? 1e5 : 1e6);
      vi.advanceTimersByTime(1000);
      const [, left = "", unit = ""] = /([\d.]+) (s|min) left$/.exec(screen(written)) ?? [];
      if (second > 400) seen.push(Number(left) * (unit === "min" ? 60 : 1) + second);
    }
    expect(Math.max(...seen) - Math.min(...seen)).toBeLessThan(100);
    expect(seen.at(-1)).toBeGreaterThan(1000);
    expect(seen.at(-1)).toBeLessThan(1180);
    bar.stop();
  });

  it.each([
    ["with --quiet", true, {}],
    ["without a terminal", false, { isTTY: false }],
    ["on a dumb terminal", false, { isTTY: true, dumb: true }],
  ])("is not shown %s", (_, quiet, { isTTY = true, dumb = false }: { isTTY?: boolean; dumb?: boolean }) => {
    if (dumb) vi.stubEnv("TERM", "dumb");
    const line = showProgress(
      (elapsed) => `3 tasks, ${elapsed}`,
      { ...terminal(), isTTY } as WriteStream,
      quiet,
    );
    vi.advanceTimersByTime(3000);
    line.update();
    line.stop();
    expect(written).toBe("");
  });
});

const scriptIsThere = spawnSync("script", ["--version"]).status === 0;

describe.skipIf(!scriptIsThere)("at a terminal", () => {
  it.each([["group", "--no-wandb", "-o", "out", "--no-recursive-lookup"], ["ls"]])(
    "%s shows how reading goes, and why it waits; its result stands alone",
    async (...words) => {
      const { server, options } = await setting({ latencyMs: 150 });
      const fault = { kind: "status", status: 429, retryAfter: "2" } as const;
      server.inject({ endpoint: "artifact", path: "public/build", fault });
      const line = [process.execPath, binaryPath("run"), ...words, IDS.fjord].map((word) => `'${word}'`);
      const live = startProgram("script", ["-qec", `stty cols 100; ${line.join(" ")}`, "/dev/null"], {
        folder: options.folder,
        env: { ...options.env, TERM: "xterm" },
      });
      await live.until((shown) =>
        /waiting \d s because the server asked for it; 1 retry; \d+ tasks, \d+ of \d+ artifacts/.test(shown),
      );
      const { stdout } = await live.done;
      expect(screen(stdout)).toMatch(/teacher-1|tables: /);
      expect(screen(stdout)).not.toMatch(/ s$|^\n/m);
    },
  );
});
