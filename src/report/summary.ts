/** A report in short, as Markdown for the page of a job. */
import type { Finding, Severity } from "../check/finding.js";
import { escapeLine } from "../io/escape.js";
import { sharedMetrics, winner } from "./metric-order.js";
import { byProject } from "./projects.js";
import type { ReportData } from "./report-data.js";
import { betterInRuns, factsOf, type RunFacts } from "./run-facts.js";

/** Findings that are listed; the rest is counted. Summaries of CI jobs have at most 1 MiB. */
const MAX_FINDINGS = 100;
const SEVERITIES: readonly Severity[] = ["error", "warning", "info"];

/** The best validations of each run, the findings by severity, and what could not be read. */
export function reportSummary({ title, runs, problems }: ReportData): string {
  const facts = runs.map(factsOf);
  const lines = [`## ${code(title)}`, "", headline(runs.map(({ findings }) => findings))];
  const projects = byProject(
    runs.map((run, index) => ({ run, fact: facts[index] as RunFacts })),
    ({ run }) => run.project,
  );
  for (const { project, parts } of projects) {
    if (projects.length > 1) lines.push("", `### ${project === "" ? "Other" : code(project)}`);
    lines.push(
      "",
      ...resultTable(
        parts.map(({ run }) => run),
        parts.map(({ fact }) => fact),
      ),
    );
  }
  const findings = runs
    .flatMap((run) => run.findings.map((finding) => ({ run, finding })))
    .sort(
      (one, other) => SEVERITIES.indexOf(one.finding.severity) - SEVERITIES.indexOf(other.finding.severity),
    );
  if (findings.length > 0) {
    lines.push("", "### Findings", "");
    for (const { run, finding } of findings.slice(0, MAX_FINDINGS)) {
      lines.push(
        `- ${finding.severity}: ${code(run.name)}, line ${grouped(finding.line)}: ${escaped(finding.words)}`,
      );
    }
    if (findings.length > MAX_FINDINGS) lines.push(`- … and ${grouped(findings.length - MAX_FINDINGS)} more`);
  }
  if (problems.length > 0) {
    lines.push("", "### Not read", "");
    for (const { source, reason } of problems) lines.push(`- ${code(source)}: ${escaped(reason)}`);
  }
  return `${lines.join("\n")}\n`;
}

function headline(findings: readonly (readonly Finding[])[]): string {
  const count = (severity: Severity) =>
    findings.flat().filter((finding) => finding.severity === severity).length;
  const parts = [
    plural(findings.length, "training"),
    plural(count("error"), "error"),
    plural(count("warning"), "warning"),
  ];
  return `${parts.join(", ")}.`;
}

function resultTable(runs: ReportData["runs"], facts: readonly RunFacts[]): string[] {
  const metrics = sharedMetrics(facts.map((run) => run.metrics.keys()));
  const best = new Map(
    metrics.map((metric) => {
      const values = facts.map((run) => run.metrics.get(metric)?.best?.value);
      return [metric, winner(values, betterInRuns(facts, metric))] as const;
    }),
  );
  const heads = [
    "run",
    "updates",
    "epoch",
    ...metrics.map((metric) => code(metric)),
    "stalled",
    "NaN",
    "restarts",
  ];
  const rows = runs.map((run, index) => {
    const fact = facts[index] as RunFacts;
    const stalled = Math.max(0, ...[...fact.metrics.values()].map((metric) => metric.stalled));
    return [
      code(run.name),
      fact.lastUpdate === undefined ? "" : grouped(fact.lastUpdate),
      fact.lastEpoch === undefined ? "" : grouped(fact.lastEpoch),
      ...metrics.map((metric) => {
        const known = fact.metrics.get(metric);
        const shown = known?.best ?? known?.last;
        if (shown === undefined) return "";
        const value = best.get(metric) === shown.value ? `**${shown.value}**` : String(shown.value);
        return `${value} ${shown.up === undefined ? "before this log" : `@ ${grouped(shown.up)}`}`;
      }),
      grouped(stalled),
      grouped(fact.nonFinite.length),
      grouped(fact.restarts),
    ];
  });
  const row = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [row(heads), row(heads.map((_, column) => (column === 0 ? "---" : "---:"))), ...rows.map(row)];
}

/** Text of a log as code, without markup. */
function code(text: string): string {
  const line = escapeLine(text.replace(/\s+/g, " ")).replaceAll("|", "\\|");
  const longest = Math.max(0, ...(line.match(/`+/g) ?? []).map((ticks) => ticks.length));
  const fence = "`".repeat(longest + 1);
  const room = longest > 0 || line.trim() === "" ? " " : "";
  return `${fence}${room}${line}${room}${fence}`;
}

/** A sentence without markup. */
function escaped(text: string): string {
  return escapeLine(text.replace(/\s+/g, " "))
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replace(/[\\`*_[\]|#@~]/g, "\\$&");
}

function plural(count: number, one: string): string {
  return `${grouped(count)} ${one}${count === 1 ? "" : "s"}`;
}

function grouped(value: number): string {
  return value.toLocaleString("en-US");
}
