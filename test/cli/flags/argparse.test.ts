/** The compatibility binaries read command lines as the Python commands do, which argparse has judged. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Interfaces, Parser } from "@oclif/core";
import { expect, it } from "vitest";
import { type ArgparseCommand, readArgparse } from "../../../src/cli/flags/argparse.js";
import { parseTcLogsCommand } from "../../../src/cli/parse-tc-logs.js";
import ParseExperimentDir from "../../../src/commands/parse_experiment_dir.js";
import ParseTcGroup from "../../../src/commands/parse_tc_group.js";

type Line = readonly [program: string, ...words: string[]];
/** The values of the Python command's options; `help`, or the error. */
type Outcome = Readonly<Record<string, unknown>> | string;

const RECORDED = JSON.parse(readFileSync(join(import.meta.dirname, "argparse.json"), "utf8")) as [
  Line,
  Outcome,
][];

const COMMANDS: Readonly<Record<string, ArgparseCommand>> = {
  parse_tc_logs: { ...parseTcLogsCommand, reference: parseTcLogsCommand.reference ?? [] },
  parse_experiment_dir: {
    flags: ParseExperimentDir.flags,
    args: {},
    reference: ParseExperimentDir.reference,
  },
  parse_tc_group: { flags: ParseTcGroup.flags, args: ParseTcGroup.args, reference: ParseTcGroup.reference },
};

/** What a command reads, as far as the Python command has the option. */
async function outcome([program, ...words]: Line): Promise<Outcome> {
  const command = COMMANDS[program] as ArgparseCommand;
  const read = readArgparse(words, command);
  if (read.kind === "wrong") return `${program}: error: ${read.message}`;
  if (read.kind !== "arguments") return read.kind;
  const input = { flags: command.flags, args: command.args, strict: true };
  const { flags, args, metadata } = await Parser.parse(
    [...read.argv],
    input as Interfaces.Input<Record<string, unknown>, object, Record<string, unknown>>,
  );
  const values: Record<string, unknown> = { ...args };
  for (const long of command.reference) {
    const name = long.slice(2);
    const positive = name.replace(/^no-/, "");
    const isGiven = metadata.flags[name]?.setFromDefault !== true;
    if (name !== positive) {
      if (flags[positive] === false) values[name.replaceAll("-", "_")] = true;
    } else if (isGiven && flags[name] !== undefined && flags[name] !== false)
      values[name.replaceAll("-", "_")] = flags[name];
  }
  return values;
}

/** Without what we add, and how choices are quoted. */
function comparable(result: Outcome): Outcome {
  return typeof result === "string"
    ? result.replace(/; did you mean .*/, "").replace(/\(choose.*/, "")
    : result;
}

it.each(RECORDED)("%j is read as argparse reads it", async (line, expected) => {
  expect(comparable(await outcome(line))).toEqual(comparable(expected));
});

it("and this machine's Python agrees, if it is of the versions that the Python commands run on", ({
  skip,
}) => {
  const script = join(import.meta.dirname, "../../interop/reference_arguments.py");
  let answer: string;
  try {
    answer = execFileSync("python3", [script], {
      input: JSON.stringify(RECORDED.map(([line]) => line)),
      encoding: "utf8",
      stdio: ["pipe", "pipe", "ignore"],
    });
  } catch {
    return skip("no Python 3.10 or 3.11");
  }
  const now = JSON.parse(answer) as Outcome[];
  expect(now.map(comparable)).toEqual(RECORDED.map(([, expected]) => comparable(expected)));
});

it("has an abbreviation mean what it means in Python, whatever flags we add", async () => {
  expect(await outcome(["parse_tc_logs", "--f"])).toEqual({ from_stream: true });
  expect(readArgparse(["--fail"], COMMANDS["parse_tc_logs"] as ArgparseCommand)).toEqual({
    kind: "arguments",
    argv: ["--fail-unfinished"],
  });
  expect(
    readArgparse(
      ["x", "--no-w", "--wandb", "--tags=a", "--tags=b"],
      COMMANDS["parse_tc_group"] as ArgparseCommand,
    ),
  ).toEqual({
    kind: "arguments",
    argv: ["--wandb", "--tags=a", "--tags=b", "--", "x"],
  });
});
