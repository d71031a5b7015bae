/** `--dry-run`: what would be done with groups. */

import { linesText } from "../../io/escape.js";
import type { GroupReceipt, RunReceipt } from "../../pipeline/groups/publish-groups.js";
import { notesOf } from "./group-receipt.js";
import { count } from "./numbers.js";

/** A line a run, for people. */
export function planText(groups: readonly GroupReceipt[]): string {
  const lines: string[] = [];
  for (const { project, group, runs } of groups) {
    lines.push(`${project}/${group}`);
    for (const run of runs) lines.push(...runLines(run));
  }
  return linesText(lines);
}

function runLines(receipt: RunReceipt): string[] {
  const { run, state, source, log, evaluations, errors, unfinished } = receipt;
  const holds = [
    ...(log === undefined
      ? []
      : [count(log.counts.training, "training row"), count(log.points, "validation point")]),
    ...(evaluations === 0 ? [] : [count(evaluations, "evaluation")]),
  ];
  const standing = unfinished === undefined ? "" : ` (${unfinished})`;
  const word = state === "failed" ? "unreadable" : state;
  const from = source === undefined ? "" : `  ${source}`;
  return [
    `  ${word.padEnd(10)} ${run}${standing}${holds.length === 0 ? "" : `: ${holds.join(", ")}`}${from}`,
    ...errors.map((error) => `             ERROR ${error}`),
    ...notesOf(receipt).map(({ text }) => `             ${text}`),
  ];
}
