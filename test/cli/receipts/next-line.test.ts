import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { canUseTerminal, screenOf, startOnTerminal } from "../on-terminal.js";
import { freshFolder } from "../run-binary.js";
import { start, train } from "../sample-logs.js";

const LOG = `${start() + train(100)}[2024-07-03 11:00:00] Training finished\n`;
const MODELS = "the models/models/en-ca/dev/student/train.log";

/** The last line that is not empty, after a command on a terminal. */
async function lastLine(args: readonly string[], folder: string): Promise<string | undefined> {
  const live = startOnTerminal(args, { folder });
  live.child.stdin.end();
  const { stdout, code } = await live.done;
  expect(code).toBe(0);
  return screenOf(stdout).findLast((line) => line !== "");
}

/** What a shell prints that is given the line of a receipt. */
function copied(line: string | undefined, folder: string): string {
  const command = line?.replace(/^next: /, "") ?? "false";
  return execFileSync("sh", ["-c", `${command} -q 2>&1`], { cwd: folder, encoding: "utf8" });
}

describe.skipIf(!canUseTerminal)("The last line of a receipt at a terminal", () => {
  it("is a command that a shell runs as it is", async () => {
    const folder = freshFolder({ [MODELS]: LOG, "a log": LOG });
    const afterParse = await lastLine(["parse", "a log"], folder);
    expect(afterParse).toMatch(/^next: node \S+run\.js report 'a log'$/);
    expect(copied(afterParse, folder)).toBe("");
    const afterArchive = await lastLine(["archive", "the models", "--no-wandb", "-o", "tables"], folder);
    expect(afterArchive).toMatch(/^next: node \S+run\.js report --from archive 'the models'$/);
    expect(copied(afterArchive, folder)).toBe("");
  });

  it("is not there with --quiet and --json", async () => {
    const folder = freshFolder({ "a.log": LOG, [MODELS]: LOG });
    for (const flag of ["--quiet", "--json"])
      for (const args of [
        ["parse", "a.log"],
        ["archive", "the models", "--no-wandb", "-o", "tables"],
      ])
        expect((await lastLine([...args, flag], folder)) ?? "").not.toContain("next:");
  });
});
