/** What `summary` does: reads logs, and prints how each training is doing. */
import type { SearchedFolder } from "../../archive/folder-logs.js";
import { openInputs } from "../../archive/input-source.js";
import type { ParserOptions } from "../../core/log-parser.js";
import { jsonText, linesText } from "../../io/escape.js";
import { STDIN } from "../../io/inputs.js";
import { printData, printText, say } from "../../io/terminal.js";
import { type StopRequest, signalsDelivered } from "../../live/pipe-signals.js";
import { type InputReceipt, problem } from "../../pipeline/input-receipt.js";
import { parseLogs } from "../../pipeline/parse-logs.js";
import { displayNames } from "../../report/run-names.js";
import { count, grouped } from "../receipts/numbers.js";
import { exitCode, foldersJson, foldersText, nameOf, RUNNING, shortened } from "../receipts/receipt.js";
import { startProgress } from "../terminal/progress.js";
import {
  type SummaryRow,
  sortedRows,
  sortKeys,
  tableCsv,
  tableMarkdown,
  tableText,
} from "./summary-table.js";
import { summaryJson, summaryLines } from "./summary-text.js";

/** Forms of the table. */
export const SUMMARY_FORMATS = ["table", "markdown", "csv", "json"] as const;

/** What is asked for. */
export interface SummaryRequest {
  readonly names: readonly string[];
  readonly folders: readonly SearchedFolder[];
  readonly options: ParserOptions;
  readonly threads: number | undefined;
  readonly silentAfter: number | undefined;
  readonly format: (typeof SUMMARY_FORMATS)[number];
  readonly sort: string | undefined;
  readonly reverse: boolean;
  readonly quiet: boolean;
  /** Of the program. */
  readonly version: string;
  readonly stop: StopRequest;
  /** Ends the command with a message about a key that no training has. */
  unsortable(key: string, keys: readonly string[]): never;
}

/** Prints the summary on standard output; returns the exit code. */
export async function summarize(request: SummaryRequest): Promise<number> {
  const { names, folders, format, stop, quiet } = request;
  const inputs = openInputs(names);
  const progress = startProgress({ bytes: inputs.bytes }, process.stderr, quiet || names.includes(STDIN));
  const { receipts } = await parseLogs({
    ...request,
    inputs,
    format: "csv",
    output: { kind: "none" },
    combine: false,
    follow: false,
    openers: [],
    signal: stop.signal,
    progress: progress.add,
  }).finally(() => progress.stop());
  await signalsDelivered();
  const code = exitCode(receipts, {
    strict: false,
    publisherErrors: [],
    ...(stop.received ? { signal: stop.received } : {}),
  });
  const rows = rowsOf(receipts, request);
  const errors = receipts.map((receipt) => ({ receipt, error: problem(receipt, false) }));
  const [only] = receipts;
  if (format === "json") printText(summariesJson(rows, receipts, code, folders));
  else if (format === "csv") printData(tableCsv(rows));
  else if (format === "markdown") printText(tableMarkdown(rows));
  else if (only?.summary !== undefined && names.length === 1) printText(blockText(only));
  else if (rows.length > 0)
    printText(tableText(rows, process.stdout.isTTY ? process.stdout.columns || 80 : undefined));
  if (format !== "json") {
    for (const { receipt, error } of errors) if (error !== undefined) say(`${nameOf(receipt)}: ${error}`);
    for (const line of quiet ? [] : foldersText(folders)) say(line);
  }
  return code;
}

function rowsOf(
  receipts: readonly InputReceipt[],
  { sort, reverse, unsortable }: SummaryRequest,
): SummaryRow[] {
  const known = receipts.flatMap(({ source, summary }) =>
    summary === undefined ? [] : [{ source, summary }],
  );
  const names = displayNames(known.map(({ source }) => source));
  const rows = known.map((row, index) => ({ name: names[index] ?? row.source, ...row }));
  if (sort === undefined) return reverse ? rows.reverse() : rows;
  const keys = sortKeys(rows);
  if (rows.length > 0 && !keys.includes(sort)) unsortable(sort, keys);
  return sortedRows(rows, sort, reverse);
}

/** One log for people. */
function blockText(receipt: InputReceipt): string {
  const { summary, segments, versions, death, counts, running } = receipt;
  const lines = summary === undefined ? [] : summaryLines(summary);
  if (segments > 0)
    lines.push(["starts", [grouped(segments), ...versions.map((one) => `Marian ${one}`)].join(", ")]);
  if (death !== undefined) lines.push(["DIED", `line ${grouped(death.line)}: ${shortened(death.text)}`]);
  if (running === true) lines.push(["running", RUNNING]);
  if (counts.unmatched > 0)
    lines.push(["UNMATCHED", `${count(counts.unmatched, "line")} that could not be read`]);
  return linesText([nameOf(receipt), ...lines.map(([label, text]) => `  ${label.padEnd(11)}${text}`)]);
}

function summariesJson(
  rows: readonly SummaryRow[],
  receipts: readonly InputReceipt[],
  code: number,
  folders: readonly SearchedFolder[],
): string {
  const bySource = new Map(receipts.map((receipt) => [receipt.source, receipt]));
  const runs = rows.map(({ name, source, summary }) => {
    const receipt = bySource.get(source);
    return {
      name,
      source,
      ...summaryJson(summary),
      ...(receipt === undefined ? {} : factsJson(receipt)),
    };
  });
  const failed = receipts.filter(({ summary }) => summary === undefined);
  return jsonText({
    runs,
    not_read: failed.map((receipt) => ({ source: receipt.source, error: problem(receipt, false) })),
    ...foldersJson(folders),
    exit_code: code,
  });
}

function factsJson(receipt: InputReceipt) {
  const error = problem(receipt, false);
  return {
    segments: receipt.segments,
    marian_versions: receipt.versions,
    unmatched: receipt.counts.unmatched,
    ...(receipt.death === undefined ? {} : { death: receipt.death }),
    ...(receipt.running === undefined ? {} : { running: true }),
    ...(error === undefined ? {} : { error }),
  };
}
