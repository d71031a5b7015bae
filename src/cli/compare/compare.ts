/** What `compare` does: inputs to tables on standard output. */
import { EXIT, stopCode } from "../../exit-code.js";
import { jsonText } from "../../io/escape.js";
import { printData, printText, say } from "../../io/terminal.js";
import type { Moment } from "../../report/run-comparison.js";
import type { Command } from "../command.js";
import { watchStopSignals } from "../stop-signal.js";
import {
  printProblems,
  type TaskclusterAccess,
  type TaskclusterFlagValues,
  withTaskcluster,
} from "../taskcluster/client.js";
import { type Compared, type ComparedInput, readCompared } from "./inputs.js";
import {
  optionCsv,
  optionMarkdown,
  optionObjects,
  optionTable,
  optionText,
  runCsv,
  runMarkdown,
  runObjects,
  runTable,
  runText,
} from "./runs.js";
import { compareScores, scoreCsv, scoreMarkdown, scoreObjects, scoreText } from "./scores.js";

/** How tables are printed; `text` is the old name of `table`. */
export const COMPARE_FORMATS = ["table", "markdown", "csv", "json", "text"] as const;
/** What can be printed, in this order. */
export const COMPARE_TABLES = ["validation", "options", "evaluations"] as const;
type TableName = (typeof COMPARE_TABLES)[number];

const TITLES: Readonly<Record<TableName, string>> = {
  validation: "Validations",
  options: "Options that differ",
  evaluations: "Evaluations",
};

/** The values of the flags of `compare`. */
export interface CompareFlagValues extends TaskclusterFlagValues {
  readonly moments: readonly Moment[];
  /** Absent: all that there is; of groups alone, evaluations. */
  readonly table?: readonly TableName[] | undefined;
  readonly depth: number;
  readonly format: (typeof COMPARE_FORMATS)[number];
}

/** `best`, `last`, `common` or an update; undefined if the text is neither. */
export function readMoment(text: string): Moment | undefined {
  if (text === "best" || text === "last" || text === "common") return text;
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** Compares, prints and returns the exit code. */
export async function printComparison(
  inputs: readonly ComparedInput[],
  flags: CompareFlagValues,
  command: Command,
): Promise<number> {
  const addresses = inputs.flatMap((input) => (input.kind === "group" ? input.address : []));
  const tables =
    flags.table ?? (addresses.length === inputs.length ? (["evaluations"] as const) : COMPARE_TABLES);
  const compareWith = async (signal: AbortSignal, access?: TaskclusterAccess) => {
    const request = {
      runs: tables.some((table) => table !== "evaluations"),
      evaluations: tables.includes("evaluations"),
      depth: flags.depth,
      signal,
      warn: (text: string) => command.warn(text),
    };
    const compared = await readCompared(inputs, request, access);
    return signal.aborted ? EXIT.ok : print(compared, tables, flags);
  };
  if (addresses.length > 0)
    return withTaskcluster(command, addresses, flags, (access) => compareWith(access.stop.signal, access));
  const stop = watchStopSignals();
  const code = await compareWith(stop.signal);
  return stop.received === undefined ? code : stopCode(stop.received);
}

/** Prints the tables that are asked for and have rows. */
function print(
  { runs, scores, problems }: Compared,
  tables: readonly TableName[],
  { moments, format, table: named }: CompareFlagValues,
): number {
  const code = printProblems(problems);
  const there = COMPARE_TABLES.filter(
    (table) => tables.includes(table) && (table === "evaluations" ? scores : runs).length > 0,
  );
  if (there.length === 0) {
    if (code === EXIT.ok)
      say(`ERROR there is nothing to compare: ${named?.join(", ") ?? "no training and no evaluation"}`);
    return EXIT.input;
  }
  const [first = "evaluations"] = there;
  const runsOf = runTable(runs, moments);
  const options = optionTable(runs);
  const evaluations = compareScores(scores);
  if (format === "json") {
    printText(
      jsonText({
        ...runObjects(runs, runsOf.moments),
        options: optionObjects(options),
        ...scoreObjects(evaluations),
      }),
    );
  } else if (format === "csv") {
    const csv = {
      validation: () => runCsv(runsOf),
      options: () => optionCsv(options),
      evaluations: () => scoreCsv(evaluations),
    };
    printData(csv[first]());
    const others = there.slice(1).map((table) => `--table ${table}`);
    if (others.length > 0 && named === undefined)
      say(`CSV holds one table, ${first}: ${others.join(" or ")} prints another`);
  } else {
    const width = process.stdout.isTTY ? process.stdout.columns : Number.POSITIVE_INFINITY;
    const isMarkdown = format === "markdown";
    const text = {
      validation: () => (isMarkdown ? runMarkdown(runsOf) : runText(runsOf, width)),
      options: () => (isMarkdown ? optionMarkdown(options) : optionText(options, width)),
      evaluations: () => (isMarkdown ? scoreMarkdown(evaluations) : scoreText(evaluations, width)),
    };
    const heading = (table: TableName) =>
      there.length === 1 ? "" : isMarkdown ? `### ${TITLES[table]}\n\n` : `${TITLES[table]}\n\n`;
    printText(there.map((table) => heading(table) + text[table]()).join("\n"));
  }
  return code;
}
