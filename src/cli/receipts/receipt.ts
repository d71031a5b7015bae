/** What a command did, at its end: for people, and as JSON. */
import { dirname } from "node:path";
import type { SearchedFolder } from "../../archive/folder-logs.js";
import { EXIT, stopCode } from "../../exit-code.js";
import { jsonText, linesText } from "../../io/escape.js";
import {
  fieldsOf,
  type InputReceipt,
  isUnfinished,
  nothingWritten,
  outputsOf,
  problem,
  publisherErrors,
  publisherNotes,
} from "../../pipeline/input-receipt.js";
import { summaryJson, summaryLine, summaryLines } from "../summary/summary-text.js";
import { count, firstOf, grouped, round, size } from "./numbers.js";

/** How a command is judged. */
export interface Verdict {
  readonly strict: boolean;
  /** The signal that stopped the command. */
  readonly signal?: "SIGINT" | "SIGTERM";
  /** Errors of publishers that inputs share. */
  readonly publisherErrors: readonly string[];
  /** Whether a training that did not finish is an error: the last one, or the first, before those of reading and publishing. */
  readonly unfinished?: "last" | "first";
}

/** Times of the whole command. */
export interface Clock {
  readonly seconds: number;
  readonly cpuSeconds: number;
}

/** The exit code that the receipts ask for. */
export function exitCode(
  receipts: readonly InputReceipt[],
  { strict, signal, publisherErrors: shared, unfinished }: Verdict,
): number {
  if (signal !== undefined) return stopCode(signal);
  const failed = unfinished !== undefined && receipts.some(isUnfinished);
  if (failed && unfinished === "first") return EXIT.taskFailed;
  if (shared.length > 0 || receipts.some((receipt) => publisherErrors(receipt).length > 0))
    return EXIT.publisher;
  if (receipts.some((receipt) => problem(receipt, strict) !== undefined)) return EXIT.input;
  return failed ? EXIT.taskFailed : EXIT.ok;
}

/** The receipt as JSON: one object. */
export function receiptJson(
  receipts: readonly InputReceipt[],
  verdict: Verdict,
  clock: Clock,
  folders: readonly SearchedFolder[] = [],
): string {
  const inputs = receipts.map((receipt) => {
    const { counts } = receipt;
    const fault = problem(receipt, verdict.strict);
    return {
      source: receipt.source,
      bytes: counts.bytes,
      lines: counts.lines,
      training: counts.training,
      validation: counts.validation,
      validation_points: receipt.points,
      partial_points: receipt.partialPoints,
      patterns: counts.patterns,
      segments: receipt.segments,
      marian_versions: receipt.versions,
      metrics: receipt.metrics,
      unmatched: counts.unmatched,
      unmatched_samples: receipt.unmatchedSamples,
      overlong_lines: counts.overlong,
      warnings: receipt.warnings,
      ...(fault === undefined ? {} : { error: fault }),
      ...(receipt.death === undefined ? {} : { death: receipt.death }),
      ...(receipt.summary === undefined ? {} : { summary: summaryJson(receipt.summary) }),
      ...(receipt.running === undefined ? {} : { running: true }),
      sink_errors: publisherErrors(receipt),
      outputs: outputsOf(receipt),
      ...(nothingWritten(receipt) ? { nothing_written: true } : {}),
      ...fieldsOf(receipt),
    };
  });
  return jsonText({
    inputs,
    ...foldersJson(folders),
    sink_errors: verdict.publisherErrors,
    bytes: total(receipts, ({ counts }) => counts.bytes),
    lines: total(receipts, ({ counts }) => counts.lines),
    training: total(receipts, ({ counts }) => counts.training),
    validation: total(receipts, ({ counts }) => counts.validation),
    unmatched: total(receipts, ({ counts }) => counts.unmatched),
    seconds: round(clock.seconds),
    cpu_seconds: round(clock.cpuSeconds),
    mb_per_second: round(total(receipts, ({ counts }) => counts.bytes) / 1e6 / clock.seconds),
    exit_code: exitCode(receipts, verdict),
  });
}

/** What is said of a log that a training is writing. */
export const RUNNING =
  "the log changed while it was read: its run is running, and its last record may be missing";

/** What is said where results without a measurement would have replaced those of an earlier run. */
export const NOTHING_WRITTEN = "nothing, because nothing was measured: existing files stay as they are";

/** Up to so many logs have a line each. */
const MAX_LISTED = 20;

/** What the receipt for people shows. */
export type Detail = "quiet" | "normal" | "verbose";

/** The receipt for people. Quiet, it names only what went wrong. */
export function receiptText(
  receipts: readonly InputReceipt[],
  verdict: Verdict,
  clock: Clock,
  detail: Detail,
  folders: readonly SearchedFolder[] = [],
): string {
  const lines: string[] = [];
  const many = receipts.length > 1;
  const isApart = new Set(receipts.flatMap(foldersOf)).size > 1;
  for (const receipt of receipts) {
    const body = inputLines(receipt, verdict.strict, detail, !many);
    const alright = problem(receipt, verdict.strict) === undefined && publisherErrors(receipt).length === 0;
    const noteworthy =
      receipt.counts.unmatched + receipt.counts.overlong + publisherNotes(receipt).length > 0 ||
      receipt.death !== undefined ||
      receipt.running === true;
    if (detail === "quiet" ? !alright : !many || detail === "verbose" || !alright || noteworthy)
      lines.push(...body);
    else if (detail === "normal" && receipts.length <= MAX_LISTED && receipt.summary !== undefined)
      lines.push(
        `${nameOf(receipt)}: ${summaryLine(receipt.summary)}`,
        ...(isApart ? foldersOf(receipt).map((folder) => `  ${"wrote".padEnd(11)}${folder}`) : []),
      );
  }
  for (const error of verdict.publisherErrors) lines.push(`not written: ${error}`);
  if (many && detail !== "quiet") lines.push(...warningLines(receipts), ...totalLines(receipts, verdict));
  if (detail === "normal" && receipts.length > MAX_LISTED) lines.push(...stateLines(receipts));
  if (detail !== "quiet") {
    const bytes = total(receipts, ({ counts }) => counts.bytes);
    lines.push(
      ...foldersText(folders),
      `read ${size(bytes)} in ${clock.seconds.toFixed(2)} s (${size(bytes / clock.seconds)}/s, ${clock.cpuSeconds.toFixed(2)} s of CPU)`,
    );
  }
  if (verdict.signal !== undefined) lines.push(`stopped by ${verdict.signal}`);
  return linesText(lines);
}

function inputLines(receipt: InputReceipt, strict: boolean, detail: Detail, warnings: boolean): string[] {
  const { counts } = receipt;
  const lines = [nameOf(receipt)];
  const add = (label: string, text: string) => lines.push(`  ${label.padEnd(11)}${text}`);
  const fault = problem(receipt, strict);
  if (fault !== undefined) add("ERROR", fault);
  const errors = publisherErrors(receipt);
  for (const error of errors) add("NOT WRITTEN", ` ${error}`);
  if (detail !== "quiet" && counts.bytes > 0) {
    add("lines", `${grouped(counts.lines)} (${size(counts.bytes)})`);
    add("training", count(counts.training, "row"));
    const partial = receipt.partialPoints > 0 ? ` (${grouped(receipt.partialPoints)} partial)` : "";
    const metrics = receipt.metrics.length > 0 ? `: ${firstOf(receipt.metrics).join(", ")}` : "";
    add(
      "validation",
      `${count(receipt.points, "point")}${partial} from ${count(counts.validation, "record")}${metrics}`,
    );
    if (counts.patterns > 0) add("patterns", count(counts.patterns, "match", "matches"));
    if (receipt.segments > 0) {
      const versions = receipt.versions.length > 0 ? `, Marian ${receipt.versions.join(", ")}` : "";
      add("starts", `${grouped(receipt.segments)}${versions}`);
    }
    for (const [label, text] of receipt.summary === undefined ? [] : summaryLines(receipt.summary))
      add(label, text);
  }
  if (receipt.death !== undefined && fault === undefined && detail !== "quiet")
    add("DIED", `line ${grouped(receipt.death.line)}: ${shortened(receipt.death.text)}`);
  if (receipt.running === true && detail !== "quiet") add("running", RUNNING);
  if (counts.unmatched > 0) {
    add("UNMATCHED", `${count(counts.unmatched, "line")} that could not be read:`);
    const shown = detail === "verbose" ? receipt.unmatchedSamples : receipt.unmatchedSamples.slice(0, 3);
    for (const { line, text } of shown) lines.push(`    ${line}: ${shortened(text)}`);
    if (counts.unmatched > shown.length) lines.push(`    … ${grouped(counts.unmatched - shown.length)} more`);
  }
  if (counts.overlong > 0)
    add("overlong", `${count(counts.overlong, "line")} over 1 MiB: only so much of each was read`);
  if (warnings || detail === "verbose") for (const warning of receipt.warnings) add("warning", warning);
  if (detail !== "quiet") for (const path of outputsOf(receipt)) add("wrote", path);
  if (detail !== "quiet" && nothingWritten(receipt)) add("wrote", NOTHING_WRITTEN);
  if (detail !== "quiet" || errors.length > 0)
    for (const { text } of publisherNotes(receipt)) add("note", text);
  return lines;
}

/** Each warning once, with the number of inputs that it concerns. */
function warningLines(receipts: readonly InputReceipt[]): string[] {
  const concerned = new Map<string, number>();
  for (const { warnings } of receipts) {
    for (const warning of warnings) concerned.set(warning, (concerned.get(warning) ?? 0) + 1);
  }
  return [...concerned].map(([warning, inputs]) => `warning: ${warning} (${count(inputs, "input")})`);
}

/** How many trainings are in each state. */
function stateLines(receipts: readonly InputReceipt[]): string[] {
  const states = new Map<string, number>();
  for (const { summary } of receipts)
    if (summary?.state !== undefined) states.set(summary.state, (states.get(summary.state) ?? 0) + 1);
  const parts = [...states].map(([state, logs]) => `${grouped(logs)} ${state}`);
  return parts.length === 0 ? [] : [`trainings: ${parts.join(", ")}`];
}

function totalLines(receipts: readonly InputReceipt[], { strict }: Verdict): string[] {
  const sum = (of: (receipt: InputReceipt) => number) => grouped(total(receipts, of));
  const failed = receipts.filter((receipt) => problem(receipt, strict) !== undefined).length;
  return [
    `${count(receipts.length, "input")}, ${failed} with errors: ${sum(({ counts }) => counts.lines)} lines, ` +
      `${sum(({ counts }) => counts.training)} training rows, ${sum(({ points }) => points)} validation points, ` +
      `${sum(({ counts }) => counts.unmatched)} unmatched lines`,
  ];
}

/** What was found in each folder that the user named; of a folder without a log its error says so. */
export function foldersText(folders: readonly SearchedFolder[]): string[] {
  return folders.flatMap(({ folder, logs, scores, passedOver }) => {
    if (logs + scores === 0) return [];
    const found = [
      count(logs, "log"),
      ...(scores === 0 ? [] : [count(scores, "file of scores", "files of scores")]),
    ];
    const others = passedOver === 0 ? "" : `; passed over ${count(passedOver, "other file")}`;
    return [`${folder}: found ${found.join(" and ")}${others}`];
  });
}

/** The same as a field of a receipt; none if no folder was named. */
export function foldersJson(folders: readonly SearchedFolder[]): object {
  if (folders.length === 0) return {};
  return {
    folders: folders.map(({ folder, logs, scores, passedOver }) => ({
      folder,
      logs,
      ...(scores === 0 ? {} : { scores }),
      passed_over: passedOver,
    })),
  };
}

function total(receipts: readonly InputReceipt[], of: (receipt: InputReceipt) => number): number {
  return receipts.reduce((sum, receipt) => sum + of(receipt), 0);
}

/** The folders of the files that were written of an input. */
function foldersOf(receipt: InputReceipt): string[] {
  const files = outputsOf(receipt).filter((output) => !/^https?:\/\//.test(output));
  return [...new Set(files.map((file) => dirname(file)))];
}

/** What people read for a source. */
export function nameOf({ source }: Pick<InputReceipt, "source">): string {
  return source === "-" ? "standard input" : source;
}

/** A line of a log, not too long. */
export function shortened(text: string): string {
  return text.length > 160 ? `${text.slice(0, 160)}…` : text;
}
