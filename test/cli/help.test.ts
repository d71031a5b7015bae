import { describe, expect, it } from "vitest";
import { commandLines, GROUPS } from "../../src/cli/help.js";
import { type Binary, runBinary } from "./run-binary.js";
import { runHere } from "./run-here.js";

const { Config } = await import("@oclif/core");
const { commands } = await Config.load(import.meta.dirname);
const visible = commands.filter(({ hidden }) => !hidden).map(({ id }) => id);
const compatible = commands.filter(({ hidden }) => hidden).map(({ id }) => id as Binary);

/** What the help of a program or a command prints. */
async function help(binary: Binary, args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runHere(binary, args);
  expect([code, stderr]).toEqual([0, ""]);
  return stdout;
}

describe("the help of the program", () => {
  it("is one screen of 80 columns", async () => {
    const text = await help("run", ["--help"]);
    await expect(text).toMatchFileSnapshot("help/program.txt");
    expect(text.trimEnd().split("\n").length).toBeLessThanOrEqual(45);
  });

  it("is the same for every habit", async () => {
    const text = await help("run", ["--help"]);
    expect(await help("run", ["-h"])).toBe(text);
    expect(await help("run", ["help"])).toBe(text);
    expect((await runBinary("run", [])).stdout).toBe(text);
  });

  it("has every command in a group", () => {
    const listed = Object.values(GROUPS).flat();
    expect(visible.filter((id) => !listed.includes(id))).toEqual([]);
  });

  it.each(["summary", "examples"] as const)("says the %s of every command", (part) => {
    expect(commands.filter((command) => !command[part]?.length)).toEqual([]);
  });
});

describe("the help of a command", () => {
  it("of parse is as recorded", async () => {
    await expect(await help("run", ["parse", "--help"])).toMatchFileSnapshot("help/parse.txt");
  });

  it.each([
    ...visible.filter((id) => id !== "help").map((id) => ["run", id, `marian-tracking ${id}`] as const),
    ...compatible.map((id) => [id, undefined, id] as const),
  ])("%s %s fits 80 columns, has no colours in a pipe and shows its own name", async (binary, id, name) => {
    const text = await help(binary, [...(id === undefined ? [] : [id]), "--help"]);
    expect(text.split("\n").filter((line) => line.length > 80)).toEqual([]);
    expect(text).not.toContain("\u001b");
    expect(text).toContain(`\nUSAGE\n  $ ${name}`);
    expect(text).toContain("\nEXAMPLES\n");
  });

  it("is what the command help prints", async () => {
    expect(await help("run", ["help", "parse"])).toBe(await help("run", ["parse", "--help"]));
    const wrong = await runHere("run", ["help", "prase"]);
    expect([wrong.code, wrong.stderr]).toEqual([
      2,
      " ›   Error: command prase not found\n" + " ›   Did you mean parse?\n ›   See marian-tracking --help\n",
    ]);
  });
});

describe("an example", () => {
  it.each([
    ["a b --c d", 80, ["$ a b --c d"]],
    ["a b --c d", 11, ["$ a b \\", "  --c d"]],
    ["a 'b c d e f g'", 12, ["$ a \\", "  'b c d e f g'"]],
    ["a https://example.com/a/b/c > d", 20, ["$ a \\", "  https://example.com/a/b/c \\", "  > d"]],
    ["a b | c d && e", 11, ["$ a b \\", "  | c d \\", "  && e"]],
  ])("%s breaks at %i columns only where a shell puts it together again", (command, width, lines) => {
    expect(commandLines(command, width)).toEqual(lines);
  });
});
