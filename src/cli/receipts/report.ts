/** The end of a command: its receipt on the right stream, and its exit code. */

import type { SearchedFolder } from "../../archive/folder-logs.js";
import { printText, sayText } from "../../io/terminal.js";
import type { InputReceipt } from "../../pipeline/input-receipt.js";
import { nextCommand, sayNext } from "./next-command.js";
import { type Detail, exitCode, receiptJson, receiptText, type Verdict } from "./receipt.js";

/** How the receipt is given. */
export interface ReportOptions {
  readonly detail: Detail;
  readonly json: boolean;
  /** Whether rows or the log go to standard output, so that JSON goes to standard error. */
  readonly stdoutTaken: boolean;
  /** Whether the receipt ends with the next command, at a terminal. */
  readonly hints?: boolean;
  /** `performance.now()` at the start. */
  readonly started: number;
  /** Folders among the inputs; absent if there are none. */
  readonly folders?: readonly SearchedFolder[];
}

/** Writes the receipt and returns the exit code. */
export function report(receipts: readonly InputReceipt[], verdict: Verdict, options: ReportOptions): number {
  const cpu = process.cpuUsage();
  const clock = {
    seconds: (performance.now() - options.started) / 1000,
    cpuSeconds: (cpu.user + cpu.system) / 1e6,
  };
  if (options.json) {
    const write = options.stdoutTaken ? sayText : printText;
    write(receiptJson(receipts, verdict, clock, options.folders));
  } else {
    sayText(receiptText(receipts, verdict, clock, options.detail, options.folders));
    // Who has stopped a command knows what to do next.
    const hints = options.hints === true && options.detail !== "quiet" && verdict.signal === undefined;
    if (hints) sayNext(nextCommand(receipts));
  }
  return exitCode(receipts, verdict);
}
