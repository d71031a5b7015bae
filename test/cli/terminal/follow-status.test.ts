/** What a line says of a training that is followed. */
import { utimesSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { FollowStatus } from "../../../src/cli/terminal/follow-status.js";
import { publishLog } from "../../../src/pipeline/publish-log.js";
import { freshFolder } from "../run-binary.js";
import { chatter, start, train, valid } from "../sample-logs.js";

const LOG =
  start({ metrics: ["chrf"] }).replace(
    "[config] type:",
    "[config] early-stopping: 10\n[2024-07-03 08:00:00] [config] type:",
  ) +
  `${train(1000)}${valid(1000, "chrf", 45.25)}${train(2000)}` +
  `${valid(2000, "chrf", 40, "stalled 1 times (last best: 45.25)")}${train(3000)}` +
  valid(3000, "chrf", 41, "stalled 2 times (last best: 45.25)");

/** Reads a log and returns what is said before its end. */
async function said(text: string, { columns = 80, rows = 23, path = "", name = "train.log" } = {}) {
  const status = new FollowStatus();
  const publisher = status.publisher(name, path || undefined);
  let lines: readonly string[] = [];
  const source = {
    name: "train.log",
    async *chunks() {
      yield Buffer.from(text);
      lines = status.lines({ columns, rows });
    },
  };
  await publishLog(source, { live: true }, [publisher]);
  return { lines, after: status.lines({ columns, rows }) };
}

describe("the status of a followed log", () => {
  it("names update, cost, age, best, stall and speed, in two lines if it has to", async () => {
    const { lines } = await said(LOG);
    expect(lines).toEqual([
      expect.stringMatching(
        /^train\.log: update 3,000, cost 0\.00333\d*, 0 s ago, best chrf 45\.25 @ 1,000,$/,
      ),
      "  stalled 2 of 10, 8,000 words/s",
    ]);
    expect((await said(LOG, { columns: 200 })).lines).toHaveLength(1);
  });

  it("keeps what matters most where there is one line only", async () => {
    const { lines } = await said(LOG, { columns: 46, rows: 1 });
    expect(lines).toEqual([expect.stringMatching(/^train\.log: update 3,000, cost [\d.]+$/)]);
  });

  it("knows how old a record is when a log is read that nobody writes", async () => {
    const folder = freshFolder({ "old.log": LOG });
    const path = join(folder, "old.log");
    const then = Date.now() / 1000 - 3 * 86_400;
    utimesSync(path, then, then);
    expect((await said(LOG, { path, columns: 200 })).lines[0]).toContain(", 3.0 days ago,");
  });

  it("takes the time of the record where its zone is known", async () => {
    const at = new Date(Date.now() - 600_000).toISOString();
    const log = [train(1000), train(2000)].map((line) => `[task ${at}] ${line}`).join("");
    expect((await said(log)).lines[0]).toMatch(/, 10 min ago, /);
  });

  it("says that a training has finished or failed, and nothing of it once it goes on", async () => {
    expect((await said(LOG + chatter("Training finished"))).lines[0]).toMatch(
      /^train\.log: finished, update/,
    );
    const failed = `${LOG}[2024-07-03 10:00:00] Error: CUDA error 2\n`;
    expect((await said(failed)).lines[0]).toMatch(/^train\.log: failed, update/);
    expect((await said(failed + start() + train(3000))).lines[0]).toMatch(/^train\.log: update 3,000/);
  });

  it("says when there is no record yet, and when a log is not followed any more", async () => {
    const { lines, after } = await said("", { name: "a\u001b[31m.log" });
    expect([lines, after]).toEqual([
      ["a\\u001b[31m.log: no record yet"],
      ["a\\u001b[31m.log: no longer followed, no record yet"],
    ]);
  });

  it("shows a part of many logs, and which", () => {
    const status = new FollowStatus();
    for (let log = 1; log <= 30; log += 1) status.publisher(`${log}.log`);
    const lines = status.lines({ columns: 80, rows: 11 });
    expect(lines).toHaveLength(11);
    expect(lines.at(-1)).toMatch(/^logs (?:1 to 10|11 to 20|21 to 30) of 30$/);
    expect(status.lines({ columns: 80, rows: 30 })).toHaveLength(30);
  });
});
