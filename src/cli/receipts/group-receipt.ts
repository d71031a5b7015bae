/** What a command did with groups, at its end: for people, and as JSON. */
import { counted } from "../../check/format.js";
import { EXIT, stopCode } from "../../exit-code.js";
import { jsonText, linesText } from "../../io/escape.js";
import type { TablesReceipt } from "../../pipeline/groups/group-tables.js";
import type { GroupsResult } from "../../pipeline/groups/process-groups.js";
import type { GroupReceipt, RunReceipt, RunState } from "../../pipeline/groups/publish-groups.js";
import { fieldsOf, type InputReceipt } from "../../pipeline/input-receipt.js";
import type { LogReceipt } from "../../pipeline/tables/job.js";
import type { Note } from "../../publishers/update-publisher.js";
import { summaryJson } from "../summary/summary-text.js";
import { count, grouped, round, size } from "./numbers.js";
import { problemLines } from "./problems.js";
import { type Clock, type Detail, NOTHING_WRITTEN, RUNNING } from "./receipt.js";

/** More runs than this have no lines of their own unless something is to be said of them. */
const MAX_ADDRESSES = 20;
/** Errors of logs that have lines of their own; the table of runs has all. */
const MAX_ERRORS = 100;
const STANDING = { failed: " (the training failed)", running: " (the training still runs)" } as const;
const BAD: ReadonlySet<RunState> = new Set(["failed", "undelivered", "stopped"]);

/** The exit code; the first that applies. */
export function groupsExitCode({ problems, published = [], tables, signal }: GroupsResult): number {
  if (signal !== undefined) return stopCode(signal);
  const runs = published.flatMap((group) => group.runs);
  if (runs.some(({ state }) => state === "undelivered") || (tables?.errors.length ?? 0) > 0)
    return EXIT.publisher;
  const failed =
    runs.some(({ state }) => state === "failed") ||
    problems.some(({ severity }) => severity === "failure") ||
    (tables?.faults.length ?? 0) > 0;
  return failed ? EXIT.input : EXIT.ok;
}

/** The receipt as JSON: one object. */
export function groupsReceiptJson(result: GroupsResult, clock: Clock): string {
  const { problems, published, tables } = result;
  const object = {
    problems,
    ...(published === undefined
      ? {}
      : {
          groups: published.map(({ project, group, runs }) => ({ project, group, runs: runs.map(runJson) })),
        }),
    ...(tables === undefined
      ? {}
      : {
          tables: {
            ...tables,
            logs: tables.logs.map(({ log, ...run }) => ({ ...run, ...logJson(log) })),
          },
        }),
    seconds: round(clock.seconds),
    cpu_seconds: round(clock.cpuSeconds),
    exit_code: groupsExitCode(result),
  };
  return jsonText(object);
}

function runJson(receipt: RunReceipt) {
  const { log, preview: _preview, isGrowing: _isGrowing, ...run } = receipt;
  return {
    ...run,
    notes: notesOf(receipt).map(({ text }) => text),
    ...(log === undefined ? {} : logJson(log)),
  };
}

/** The notes of a run, with what a dry run would do. */
export function notesOf({ notes, preview, isGrowing }: RunReceipt): readonly Note[] {
  if (preview !== undefined) {
    const { rows, held, sent, tables } = preview;
    return [
      {
        text: `${counted(rows, "row")}, ${held} on the server, ${sent} to send, ${counted(tables.length, "table")}`,
      },
      ...preview.notes.map((text) => ({ text })),
    ];
  }
  return isGrowing === true
    ? [
        ...notes,
        {
          text: "the log changed while it was read: its run is running, and is published again the next time",
        },
      ]
    : notes;
}

function logJson(log: LogReceipt & Partial<Pick<InputReceipt, "summary" | "publishers">>) {
  const { source, counts, points, partialPoints, segments, versions, running, summary } = log;
  const { publishers = [] } = log;
  return {
    source,
    bytes: counts.bytes,
    lines: counts.lines,
    training: counts.training,
    validation: counts.validation,
    validation_points: points,
    partial_points: partialPoints,
    unmatched: counts.unmatched,
    segments,
    marian_versions: versions,
    ...(running === undefined ? {} : { running }),
    ...(summary === undefined ? {} : { summary: summaryJson(summary) }),
    ...fieldsOf({ publishers }),
  };
}

/** The receipt for people. Quiet, it names only what went wrong. */
export function groupsReceiptText(result: GroupsResult, clock: Clock, detail: Detail): string {
  const { problems, published = [], tables, signal } = result;
  const lines: string[] = [];
  const told = problems.filter(({ severity }) => severity === "failure" || detail !== "quiet");
  lines.push(...problemLines(told));
  const sent = published.flatMap(({ runs }) => runs).filter(({ state }) => isSent(state)).length;
  for (const group of published) lines.push(...groupLines(group, detail, sent <= MAX_ADDRESSES));
  // Of what was published, that has been said already.
  if (published.length === 0) {
    const faults = tables?.faults ?? [];
    for (const { source, reason } of faults.slice(0, MAX_ERRORS)) lines.push(`ERROR ${source}: ${reason}`);
    if (faults.length > MAX_ERRORS)
      lines.push(
        `ERROR ${count(faults.length - MAX_ERRORS, "more log")} could not be read: see the column error of the table runs`,
      );
    for (const { log } of tables?.logs ?? []) {
      if (log.counts.unmatched > 0 && detail !== "quiet")
        lines.push(`${log.source}: ${count(log.counts.unmatched, "line")} could not be read`);
      if (log.running === true && detail !== "quiet") lines.push(`${log.source}: ${RUNNING}`);
    }
  }
  for (const error of tables?.errors ?? []) lines.push(`not written: ${error}`);
  if (detail !== "quiet") {
    if (published.length > 0) lines.push(publishedLine(published));
    if (tables !== undefined) lines.push(...tableLines(tables));
    lines.push(`${clock.seconds.toFixed(2)} s, ${clock.cpuSeconds.toFixed(2)} s of CPU`);
  }
  if (signal !== undefined) lines.push(`stopped by ${signal}`);
  return linesText(lines);
}

function isSent(state: RunState): boolean {
  return state === "new" || state === "changed";
}

/** @param isShort Whether every run that was sent gets a line with its address. */
function groupLines({ project, group, runs }: GroupReceipt, detail: Detail, isShort: boolean): string[] {
  const shown = runs.filter(
    (run) =>
      detail === "verbose" ||
      BAD.has(run.state) ||
      (detail === "normal" && isShort && isSent(run.state)) ||
      (detail === "normal" &&
        run.state !== "unchanged" &&
        (notesOf(run).some(({ isRoutine }) => !isRoutine) || (run.log?.counts.unmatched ?? 0) > 0)),
  );
  if (shown.length === 0) return [];
  const lines = [`${project}/${group}`];
  for (const run of shown) {
    const rows =
      run.log === undefined
        ? ""
        : `, ${count(run.log.counts.training, "training row")}, ${count(run.log.points, "validation point")}`;
    lines.push(
      `  ${run.run}: ${run.state}${run.unfinished === undefined ? "" : STANDING[run.unfinished]}${rows}${run.evaluations > 0 ? `, ${count(run.evaluations, "evaluation")}` : ""}`,
    );
    const place = run.source === undefined ? "" : `${run.source}: `;
    for (const error of run.errors) lines.push(`    ERROR ${place}${error}`);
    if ((run.log?.counts.unmatched ?? 0) > 0)
      lines.push(`    ${place}${count(run.log?.counts.unmatched ?? 0, "line")} could not be read`);
    // The sums at the end say the same.
    for (const { text, isRoutine } of notesOf(run))
      if (detail === "verbose" || !isRoutine) lines.push(`    ${text}`);
    const places =
      detail === "verbose" ? run.outputs : run.outputs.filter((output) => /^https?:/.test(output));
    for (const place of places) lines.push(`    ${place}`);
  }
  return lines;
}

function publishedLine(published: readonly GroupReceipt[]): string {
  const runs = published.flatMap((group) => group.runs);
  const states = new Map<RunState, number>();
  for (const { state } of runs) states.set(state, (states.get(state) ?? 0) + 1);
  const parts = [...states].map(([state, number]) => `${grouped(number)} ${state}`);
  return `W&B: ${count(published.length, "group")}, ${count(runs.length, "run")}: ${parts.join(", ")}`;
}

function tableLines({
  state,
  logs,
  evaluations,
  outputs,
  unchanged_logs: unchanged = 0,
  nothing_written: isNothing,
}: TablesReceipt): string[] {
  if (state === "unchanged") return ["tables: nothing has changed since they were written"];
  const sum = (of: (log: LogReceipt) => number) => logs.reduce((total, { log }) => total + of(log), 0);
  const parts =
    unchanged === 0 ? "" : `, ${grouped(logs.length - unchanged)} read, ${grouped(unchanged)} unchanged`;
  const holds = [
    `${count(logs.length, "log")} (${size(sum(({ counts }) => counts.bytes))}${parts})`,
    count(
      sum(({ counts }) => counts.training),
      "training row",
    ),
    count(
      sum(({ points }) => points),
      "validation point",
    ),
    count(evaluations, "evaluation"),
  ];
  const places = isNothing ? [`wrote ${NOTHING_WRITTEN}`] : outputs;
  return [`tables: ${holds.join(", ")}`, ...places.map((place) => `  ${place}`)];
}
