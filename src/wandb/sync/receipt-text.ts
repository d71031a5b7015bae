/** The receipt of `sync`: for people, and as JSON. */

import { jsonText, linesText } from "../../io/escape.js";
import type { SyncedLines, SyncReceipt } from "./sync-receipt.js";

const SHOWN = 10;

/** What a receipt says in addition to the result of each file. */
interface SyncVerdict {
  /** Paths in which there was nothing to send, with the reason. */
  readonly failed: readonly { readonly path: string; readonly reason: string }[];
  /** Runs that the official client sent itself. */
  readonly passedOver: number;
  /** Files that were not begun because of a signal. */
  readonly untouched: number;
  readonly signal: "SIGINT" | "SIGTERM" | undefined;
  readonly exitCode: number;
  /** The command that sends what is left; undefined when nothing is. */
  readonly again: string | undefined;
}

/** The receipt as JSON: one object. */
export function syncReceiptJson(receipts: readonly SyncReceipt[], verdict: SyncVerdict): string {
  const files = receipts.map((receipt) => ({
    file: receipt.file,
    outcome: receipt.outcome,
    run: receipt.runId,
    project: receipt.project,
    url: receipt.url,
    rows: linesJson(receipt.rows),
    events: linesJson(receipt.events),
    console_lines: linesJson(receipt.consoleLines),
    files: receipt.files,
    failed_files: receipt.failedFiles,
    artifacts: receipt.artifacts,
    failed_artifacts: receipt.failedArtifacts,
    missing: receipt.missing,
    warnings: receipt.warnings,
    error: receipt.problem,
    requests: receipt.requests,
  }));
  const total = (count: (lines: SyncedLines) => number): number =>
    receipts.reduce((sum, { rows }) => sum + (rows === undefined ? 0 : count(rows)), 0);
  const value = {
    files,
    failed: verdict.failed,
    passed_over: verdict.passedOver,
    untouched: verdict.untouched,
    rows_sent: total(({ sent }) => sent),
    rows_acknowledged: total(({ acknowledged }) => acknowledged),
    signal: verdict.signal,
    again: verdict.again,
    exit_code: verdict.exitCode,
  };
  return jsonText(value);
}

/** The receipt for people. Quiet, it names only what went wrong; empty when there is nothing to say. */
export function syncReceiptText(
  receipts: readonly SyncReceipt[],
  verdict: SyncVerdict,
  quiet: boolean,
): string {
  const lines: string[] = [];
  for (const receipt of receipts) {
    const wrong =
      receipt.outcome === "undelivered" || receipt.outcome === "failed" || receipt.missing.length > 0;
    if (!quiet || wrong) lines.push(...fileLines(receipt));
  }
  for (const { path, reason } of verdict.failed) lines.push(path, entry("ERROR", reason));
  if (verdict.passedOver > 0 && !quiet) {
    const were = verdict.passedOver === 1 ? "was" : "were";
    lines.push(
      `${count(verdict.passedOver, "run")} that the official client sent itself ${were} skipped; name the folder of such a run to send it`,
    );
  }
  if (verdict.signal !== undefined) {
    const rest = verdict.untouched > 0 ? `; ${count(verdict.untouched, "file")} not begun` : "";
    lines.push(`stopped by ${verdict.signal}${rest}`);
  }
  if (verdict.again !== undefined) lines.push(`to send what is left: ${verdict.again}`);
  return linesText(lines);
}

function fileLines(receipt: SyncReceipt): string[] {
  const lines = [receipt.file];
  const add = (label: string, text: string) => lines.push(entry(label, text));
  const dry = receipt.outcome === "planned";
  if (receipt.outcome === "skipped") add("skipped", "it was delivered before; --force sends it again");
  if (receipt.outcome === "failed") add("ERROR", receipt.problem ?? "it was not sent");
  if (receipt.outcome === "undelivered")
    add("NOT SENT", receipt.problem ?? "not everything was acknowledged");
  if (receipt.runId !== undefined) add("run", `${receipt.project}/${receipt.runId}`);
  if (receipt.url !== undefined) add("url", receipt.url);
  for (const [label, stream] of [
    ["rows", receipt.rows],
    ["console", receipt.consoleLines],
    ["metrics", receipt.events],
  ] as const) {
    if (stream !== undefined && (label === "rows" || stream.inFile > 0)) add(label, countsText(stream, dry));
  }
  const verb = dry ? "to send" : "sent";
  if (receipt.files.length > 0) add("files", `${receipt.files.length} ${verb}`);
  for (const { name, ...artifact } of receipt.artifacts) {
    const state = "state" in artifact ? `${artifact.state}, ${artifact.digest}` : verb;
    add("artifact", `${name} (${artifact.type}, ${state})`);
  }
  for (const { name, reason } of receipt.failedFiles) add("NOT SENT", `${name}: ${reason}`);
  for (const { name, reason } of receipt.failedArtifacts) add("NOT SENT", `artifact ${name}: ${reason}`);
  for (const what of receipt.missing.slice(0, SHOWN)) add("MISSING", what);
  if (receipt.missing.length > SHOWN) add("MISSING", `… ${receipt.missing.length - SHOWN} more`);
  for (const warning of receipt.warnings) add("warning", warning);
  return lines;
}

function countsText(lines: SyncedLines, dry: boolean): string {
  const from = lines.fromLine === undefined ? "" : `, from line ${grouped(lines.fromLine)}`;
  const known = lines.inFile - lines.toSend;
  const before = known > 0 ? ` (${grouped(known)} of ${grouped(lines.inFile)} not needed any more)` : "";
  if (dry) return `${grouped(lines.toSend)} to send${from}${before}`;
  return `${grouped(lines.sent)} sent, ${grouped(lines.acknowledged)} acknowledged${from}${before}`;
}

function linesJson(lines: SyncedLines | undefined): unknown {
  if (lines === undefined) return undefined;
  const { inFile, toSend, fromLine, sent, acknowledged } = lines;
  return { in_file: inFile, to_send: toSend, from_line: fromLine ?? null, sent, acknowledged };
}

function entry(label: string, text: string): string {
  return `  ${label.padEnd(10)} ${text}`;
}

function count(value: number, what: string): string {
  return `${grouped(value)} ${what}${value === 1 ? "" : "s"}`;
}

function grouped(value: number): string {
  return value.toLocaleString("en-US");
}
