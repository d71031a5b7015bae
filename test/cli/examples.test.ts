/** Every example of the help is copied out of it and run, among files and servers that it may mean. */
import { spawnSync } from "node:child_process";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { plainCommand, startExampleWorld } from "./example-world.js";
import { type Binary, eventually, filesBelow, freshFolder, startProgram } from "./run-binary.js";
import { runHere } from "./run-here.js";

const { Config } = await import("@oclif/core");
const { commands } = await Config.load(import.meta.dirname);

/** The examples of a help text: a prompt, and lines that go on while they end with a backslash. */
function examplesOf(help: string): string[] {
  const [, part = ""] = help.split("\nEXAMPLES\n");
  return [...part.matchAll(/^ +\$ ((?:.*\\\n)*.*)$/gm)].map(([, example = ""]) => example);
}

const helps: readonly { readonly binary: Binary; readonly args: readonly string[] }[] = [
  { binary: "run", args: [] },
  ...commands.map(({ id, hidden }) =>
    hidden ? { binary: id as Binary, args: [] } : { binary: "run" as const, args: [id] },
  ),
];
const examples: string[] = [];
for (const { binary, args } of helps)
  examples.push(...examplesOf((await runHere(binary, [...args, "--help"])).stdout));

/** The code with which an example ends: a signal stops what follows a file; one evaluation of the group has no scores. */
function codeOf(example: string): number {
  if (example.includes(" parse --follow")) return 130;
  return /^(?!.* (?:ls|--only training|--table validation)\b).*ZowUkamoRKuDlb4uAeTvgg/s.test(example) ? 1 : 0;
}

const world = await startExampleWorld();
const { folder, env, evaluationTask } = world;
afterAll(() => world.close());

/** The shell of an example for one of them, else bash. */
function shellFor(example: string): readonly string[] {
  return example.includes("completion zsh")
    ? ["zsh", "-fc", `autoload -U compinit; compinit -u -D; ${example}`]
    : ["bash", "-e", "-o", "pipefail", "-c", example];
}

describe("an example of the help", () => {
  it.each([...new Set(examples)])("%s", async (example) => {
    const own = freshFolder();
    cpSync(folder, own, { recursive: true });
    const task: Record<string, string> = example.includes("eval --metrics-json")
      ? { TASK_ID: evaluationTask }
      : {};
    const options = { folder: own, env: { ...env, ...task, HOME: own } };
    const expected = { code: codeOf(example), stderr: expect.anything() };
    const plain = plainCommand(example);
    if (plain !== undefined) {
      const { code, stderr } = await runHere(plain.binary, plain.args, options);
      return expect({ code, stderr }).toEqual(expected);
    }
    const [shell = "", ...args] = shellFor(example);
    if (spawnSync(shell, ["--version"]).status !== 0) {
      process.stderr.write(`skipped: an example for ${shell}, which is not installed\n`);
      return;
    }
    const live = startProgram(shell, args, options);
    if (example.includes("parse --follow")) {
      await eventually(() => filesBelow(join(own, "metrics")).length > 0, live);
      live.child.kill("SIGINT");
    }
    live.child.stdin.end();
    const { code, stderr } = await live.done;
    return expect({ code, stderr }).toEqual(expected);
  });
});
