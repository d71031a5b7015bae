import { type Interfaces, Parser } from "@oclif/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { PlainCommand } from "../../../src/cli/command-context.js";
import { Flags } from "../../../src/cli/flags/flag.js";
import { readFlags } from "../../../src/cli/flags/read-flags.js";
import { parseCommand } from "../../../src/cli/parse.js";
import { parseTcLogsCommand } from "../../../src/cli/parse-tc-logs.js";
import { summaryCommand } from "../../../src/cli/summary/summary.js";

const COMMANDS: Readonly<Record<string, PlainCommand>> = {
  parse: parseCommand,
  summary: summaryCommand,
  parse_tc_logs: parseTcLogsCommand,
};

type Environment = Readonly<Record<string, string>>;

/** What the framework makes of the arguments; undefined if it refuses them. */
async function byFramework(
  { flags, args, strict }: PlainCommand,
  given: readonly string[],
  environment: Environment,
) {
  const before = { ...process.env };
  Object.assign(process.env, environment);
  try {
    const read = await Parser.parse([...given], { flags, args, strict } as Interfaces.Input<
      object,
      object,
      object
    >);
    return { flags: { ...read.flags }, argv: read.argv };
  } catch {
    return undefined;
  } finally {
    for (const name of Object.keys(environment)) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
  }
}

/** Whether both agree: the framework's result, or none, for then the framework reads the arguments. */
async function check(name: string, given: readonly string[], environment: Environment = {}) {
  const command = COMMANDS[name] as PlainCommand;
  const read = await readFlags(given, command, { ...environment });
  if (read !== undefined) expect(read).toEqual(await byFramework(command, given, environment));
  return read;
}

const WORDS = [
  "train.log",
  "a b",
  "",
  "-",
  "-1",
  "1",
  "0",
  "x=y",
  "csv",
  "table",
  "name",
  "native",
  "updates",
  "5m",
  "a,b",
  'a,"b',
  "é",
];

/** A word of a command line: one that a command knows, one that it nearly knows, or any. */
function word(command: PlainCommand): fc.Arbitrary<string> {
  const long = Object.entries(command.flags).flatMap(([name, { aliases = [] }]) => [name, ...aliases]);
  const short = Object.values(command.flags).flatMap(({ char }) => char ?? []);
  const options = Object.values(command.flags).flatMap((flag) =>
    flag.type === "option" ? (flag.options ?? []) : [],
  );
  const value = fc.oneof(fc.constantFrom(...WORDS, ...options), fc.string({ maxLength: 3 }));
  const flag = fc.oneof(
    fc.constantFrom(...long).map((name) => `--${name}`),
    fc.constantFrom(...short).map((char) => `-${char}`),
  );
  return fc.oneof(
    { weight: 5, arbitrary: flag },
    { weight: 4, arbitrary: value },
    { weight: 1, arbitrary: fc.tuple(flag, value).map(([name, text]) => `${name}=${text}`) },
    { weight: 1, arbitrary: fc.tuple(flag, value).map(([name, text]) => `${name}${text}`) },
    { weight: 1, arbitrary: fc.constantFrom(...long).map((name) => `--no-${name}`) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        "--",
        "---",
        "--help",
        "-h",
        "--version",
        "-V",
        "-vq",
        "--=x",
        "-=",
        "-\u{1d4b3}",
      ),
    },
  );
}

describe.each(Object.keys(COMMANDS))("the flags of %s", (name) => {
  it("are read as the framework reads them, or left to it", async () => {
    const command = COMMANDS[name] as PlainCommand;
    const variables = Object.values(command.flags).flatMap(({ env }) => env ?? []);
    const environment = fc.dictionary(
      variables.length === 0 ? fc.constant("UNUSED") : fc.constantFrom(...variables),
      fc.constantFrom("", "1", "true", "YES", "no", "-x", "name"),
    );
    let count = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(word(command), { maxLength: 6 }), environment, async (given, variables) => {
        if ((await check(name, given, variables)) !== undefined) count += 1;
      }),
      { numRuns: 1500 },
    );
    // The property would also hold if all were left to the framework.
    expect(count).toBeGreaterThan(100);
  });
});

describe("a plain command line", () => {
  it.each([
    ["parse", "train.log"],
    ["parse", "a.log", "-o", "out", "b.log", "-q"],
    ["parse", "a.log", "--output-dir=out", "--format=ndjson"],
    ["parse", "a.log", "-o=out"],
    ["parse", "a.log", "-o", "-", "--table", "validation"],
    ["parse", "a.log", "--output", "out", "--combine", "--strict", "-j", "2"],
    ["parse", "--plot", "cost, chrf", "--log-scale", "a.log", "--plot", "rate"],
    ["parse", "--pattern", "a=b=c", "--time-zone", "Europe/Paris", "--silent-after", "5m", "-"],
    ["parse", "b", "a", "b"],
    ["parse", "-o", "b", "a", "b"],
    ["parse", "--tee", "--wandb-project", "p", "--tags", "a", "--tags", "b"],
    ["parse", "--manifest", "-", "--shard", "1/2", "--format", "tsv"],
    ["summary", "a.log", "b.log", "--sort", "chrf", "--reverse"],
    ["summary", "a.log", "--json"],
    ["parse_tc_logs", "--input-file", "a.log", "--output-dir", "out", "--verbose"],
    ["parse_tc_logs", "-i", "a.log", "--tags", "a", "b", "-v", "c", "--wandb-group", "g"],
    ["parse_tc_logs", "--from-stream", "-v", "--publish-group-logs", "--taskcluster-secret", "s"],
  ])("is read without the framework: %s %s %s %s %s %s", async (name, ...given) => {
    expect(await check(name, given)).toBeDefined();
  });

  it("takes values from the environment", async () => {
    const environment = { WANDB_PUBLICATION: "True", TASKCLUSTER_SECRET: "project/secret" };
    const read = await check("parse_tc_logs", ["-i", "a.log"], environment);
    expect(read?.flags).toMatchObject({ "wandb-publication": true, "taskcluster-secret": "project/secret" });
  });
});

describe("the framework reads", () => {
  it.each([
    ["parse", "--help"],
    ["parse", "-h", "a.log"],
    ["parse", "a.log", "--version"],
    ["parse", "--", "-a.log"],
    ["parse", "-ofolder", "a.log"],
    ["parse", "-qv"],
    ["parse", "--no-quiet"],
    ["parse", "--quiet=true"],
    ["parse", "--frmat", "csv"],
    ["parse", "--format", "xml"],
    ["parse", "--format"],
    ["parse", "-o", "--quiet"],
    ["parse", "--format", "csv", "--format", "csv"],
    ["parse", "-j", "0"],
    ["parse", "-j", "x"],
    ["parse", "--silent-after", "soon"],
    ["parse", "--log-scale"],
    ["parse", "--follow", "--combine"],
    ["parse", "-q", "-v"],
    ["parse", "--plot", '"a,b"'],
    ["summary", "--json", "--format", "csv"],
    ["parse_tc_logs", "a.log"],
    ["parse_tc_logs", "-i", "a.log", "--from-stream"],
  ])("what is wrong, or not plain: %s %s %s %s %s", async (name, ...given) => {
    expect(await check(name, given)).toBeUndefined();
  });

  it.each([
    ["a default that depends on others", Flags.string({ default: async () => "a" })],
    ["a relationship that the reader does not know", Flags.boolean({ relationships: [] })],
  ])("a command whose flag has %s", async (_what, flag) => {
    expect(await readFlags(["a.log"], { ...parseCommand, flags: { flag } }, {})).toBeUndefined();
  });
});
