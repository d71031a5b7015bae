/** What came of each run, in a table. */
import type { Finding, Severity } from "../check/finding.js";
import { sharedMetrics, winner } from "../report/metric-order.js";
import { byProject } from "../report/projects.js";
import { betterInRuns, factsOf, type RunFacts } from "../report/run-facts.js";
import { throughputOf } from "../report/throughput.js";
import { type Cell, dataTable, type Head } from "./data-table.js";
import { element, emptyPanel } from "./dom.js";
import { count, formatDuration, formatExact, formatTime } from "./format.js";
import type { ReportModel } from "./report-model.js";
import type { RunView } from "./run-view.js";
import type { ViewState } from "./state.js";

const SEVERITIES: readonly Severity[] = ["error", "warning", "info"];

export function showSummary(host: HTMLElement, { views }: ReportModel, { hidden }: ViewState): void {
  const shown = views
    .filter(({ index }) => !hidden.has(index))
    .map((view) => ({ view, facts: factsOf(view.run) }));
  if (shown.length === 0) {
    const text = views.length === 0 ? "There are no runs." : "All runs are switched off.";
    host.replaceChildren(...emptyPanel("Summary", text));
    return;
  }
  host.replaceChildren(
    element("h2", {}, "Best validations"),
    ...resultTables(shown),
    element("h2", {}, "Runs"),
    runTable(shown),
    element("h2", {}, "Findings"),
    findingTable(shown),
    ...notes(shown),
  );
}

interface Shown {
  readonly view: RunView;
  readonly facts: RunFacts;
}

/** A table for each project, with the best of its own runs. */
function resultTables(shown: readonly Shown[]): HTMLElement[] {
  const projects = byProject(shown, ({ view }) => view.run.project);
  if (projects.length < 2) return [resultTable("", shown)];
  return projects.flatMap(({ project, parts }) => [
    element("h3", {}, project || "other"),
    resultTable(project, parts),
  ]);
}

/** The best value of each metric, and in the cell's title where it was reached. */
function resultTable(project: string, shown: readonly Shown[]): HTMLElement {
  const metrics = sharedMetrics(shown.map(({ facts }) => facts.metrics.keys()));
  if (metrics.length === 0) return element("p", { class: "muted" }, "These logs hold no validation.");
  const heads: Head[] = [{ text: "Run" }];
  for (const metric of metrics) {
    heads.push(
      { text: metric, kind: "number" },
      { text: "at update", kind: "number", title: `Update of the best ${metric}` },
    );
  }
  const best = new Map(
    metrics.map((metric) => {
      const values = shown.map(({ facts }) => facts.metrics.get(metric)?.best?.value);
      const better = betterInRuns(
        shown.map(({ facts }) => facts),
        metric,
      );
      return [metric, winner(values, better)] as const;
    }),
  );
  const rows = shown.map(({ view, facts }) => [
    { text: view.run.name },
    ...metrics.flatMap((metric): Cell[] => {
      const known = facts.metrics.get(metric);
      // If it is unknown which value is better, the last one is shown.
      const fact = known?.best ?? known?.last;
      if (known === undefined || fact === undefined) return [{ text: "" }, { text: "" }];
      const stalled = known.stalled > 0 ? `stalled ${formatExact(known.stalled)} times up to the end` : "";
      return [
        {
          text: formatExact(fact.value),
          value: fact.value,
          best: best.get(metric) === fact.value,
          title: fact.line === undefined ? "reached before this log" : `line ${formatExact(fact.line)}`,
        },
        fact.up === undefined
          ? { text: "before this log", title: stalled }
          : { text: formatExact(fact.up), value: fact.up, title: stalled },
      ];
    }),
  ]);
  return dataTable(`Best validations ${project}`.trim(), heads, rows);
}

function runTable(shown: readonly Shown[]): HTMLElement {
  const several = byProject(shown, ({ view }) => view.run.project).length > 1;
  const heads: Head[] = [
    { text: "Run" },
    ...(several ? [{ text: "Project" }] : []),
    { text: "Updates", kind: "number" },
    { text: "Epoch", kind: "number" },
    { text: "Took", kind: "number", title: "From the first record or start to the last" },
    { text: "Ended" },
    { text: "Restarts", kind: "number" },
    { text: "Stalled", kind: "number", title: "The longest stall of a metric that lasts to the end" },
    { text: "NaN", kind: "number", title: "Costs, gradient norms and validations that are no finite number" },
    {
      text: "Unread lines",
      kind: "number",
      title: "Lines that look like a measurement and could not be read",
    },
    { text: "Marian" },
    { text: "Log", kind: "path" },
  ];
  const rows = shown.map(({ view: { run }, facts }): Cell[] => {
    const { ended } = facts;
    const took = throughputOf(run)?.wall;
    const stalled = Math.max(0, ...[...facts.metrics.values()].map((metric) => metric.stalled));
    return [
      { text: run.name },
      ...(several ? [{ text: run.project ?? "" }] : []),
      number(facts.lastUpdate),
      number(facts.lastEpoch),
      took === undefined ? { text: "" } : { text: formatDuration(took), value: took },
      ended === undefined ? { text: "" } : { text: formatTime(ended, run.clock), value: ended },
      number(facts.restarts),
      number(stalled),
      { ...number(facts.nonFinite.length), warn: facts.nonFinite.length > 0 },
      { ...number(run.counts.unmatched), warn: run.counts.unmatched > 0 },
      { text: run.versions.join(", ") },
      { text: run.source, title: run.source },
    ];
  });
  return dataTable("Runs", heads, rows);
}

function number(value: number | undefined): Cell {
  return value === undefined ? { text: "" } : { text: formatExact(value), value };
}

/** What a check found, the gravest first. */
function findingTable(shown: readonly Shown[]): HTMLElement {
  const all = shown.flatMap(({ view: { run } }) => run.findings.map((finding) => ({ run, finding })));
  if (all.length === 0)
    return element("p", { class: "muted" }, "A check of these logs found nothing to tell.");
  const rank = ({ severity }: Finding) => SEVERITIES.indexOf(severity);
  const sorted = all.sort((one, other) => rank(one.finding) - rank(other.finding));
  const heads: Head[] = [
    { text: "Run" },
    { text: "Severity" },
    { text: "Kind" },
    { text: "Update", kind: "number" },
    { text: "Line", kind: "number" },
    { text: "What", kind: "words" },
  ];
  const rows = sorted.map(({ run, finding }): Cell[] => [
    { text: run.name },
    { text: finding.severity, value: rank(finding), warn: finding.severity !== "info" },
    { text: finding.kind },
    number(finding.up),
    number(finding.line),
    { text: finding.words },
  ]);
  return dataTable("Findings", heads, rows);
}

/** Notes on how logs were read. */
function notes(shown: readonly Shown[]): HTMLElement[] {
  const lines: HTMLElement[] = [];
  for (const { view } of shown) {
    const { name, error, warnings, counts } = view.run;
    const add = (text: string) => lines.push(element("li", {}, element("b", {}, name), ` ${text}`));
    if (error !== undefined) add(`was not read to its end: ${error}`);
    for (const warning of warnings) add(warning);
    if (counts.overlong > 0)
      add(`has ${count(counts.overlong, "line")} over 1 MiB: only so much of each was read`);
  }
  return lines.length === 0 ? [] : [element("h2", {}, "Notes"), element("ul", { class: "notes" }, ...lines)];
}
