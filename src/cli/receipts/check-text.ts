/** Findings for people, and as JSON. */
import { styleText } from "node:util";
import type { SearchedFolder } from "../../archive/folder-logs.js";
import type { Finding, Severity } from "../../check/finding.js";
import { escapeLine, jsonText } from "../../io/escape.js";
import type { CheckedInput } from "../check-inputs.js";
import { foldersJson } from "./receipt.js";

const COLOURS = { error: "red", warning: "yellow", info: "blue" } as const;

/** One line per finding: `file:line: kind: words [severity]`. */
export function findingsText({ source, findings }: CheckedInput, colour: boolean): string {
  const severity = (name: Severity) =>
    colour ? styleText(COLOURS[name], `[${name}]`, { validateStream: false }) : `[${name}]`;
  return findings
    .map(
      (finding) =>
        `${escapeLine(`${source}:${finding.line}: ${finding.kind}: ${finding.words}`)} ${severity(finding.severity)}\n`,
    )
    .join("");
}

/** How many findings there are, by severity. */
export type Totals = Readonly<Record<Severity, number>>;

/** Adds up the findings of all inputs. */
export function totalsOf(findings: readonly Finding[]): Totals {
  const of = (severity: Severity) => findings.filter((finding) => finding.severity === severity).length;
  return { error: of("error"), warning: of("warning"), info: of("info") };
}

/** One line for the end: what was read and what was found. */
export function summaryText(inputs: number, unread: number, { error, warning, info }: Totals): string {
  const count = (value: number, one: string) => `${value} ${one}${value === 1 ? "" : "s"}`;
  const failed = unread === 0 ? "" : `, ${unread} not read`;
  return `${count(inputs, "input")}${failed}: ${count(error, "error")}, ${count(warning, "warning")}, ${count(info, "note")}\n`;
}

/** Everything as one JSON object. */
export function checkJson(
  inputs: readonly CheckedInput[],
  totals: Totals,
  exitCode: number,
  folders: readonly SearchedFolder[],
): string {
  const list = inputs.map(({ source, tally, findings, error, running }) => ({
    source,
    lines: tally.counts.lines,
    training: tally.counts.training,
    validation_points: tally.points,
    segments: tally.segments,
    ...(error === undefined ? {} : { error }),
    ...(running === undefined ? {} : { running }),
    findings,
  }));
  const { error: errors, warning: warnings, info: infos } = totals;
  return jsonText({ inputs: list, ...foldersJson(folders), errors, warnings, infos, exit_code: exitCode });
}
