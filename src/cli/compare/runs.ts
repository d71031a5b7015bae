/** Trainings side by side: validations and costs, and the options that differ. */
import { escapeLine, linesText } from "../../io/escape.js";
import type { Column } from "../../publishers/tables/columns.js";
import { csvHeader, csvRows } from "../../publishers/tables/row-text.js";
import type { ReportRun } from "../../report/report-data.js";
import {
  type ComparedValue,
  compareRuns,
  type Moment,
  type MomentTable,
} from "../../report/run-comparison.js";
import { factsOf } from "../../report/run-facts.js";
import { compareSettings, type Setting, settingsOf } from "../../report/settings.js";
import { valueAt } from "../../report/table.js";
import { currentSegment } from "../../run/segment.js";
import { markdownCell, markdownTable, markdownValue, sideBySide, valueParts, wrapped } from "./table-text.js";

/** Runs at some moments. */
export interface RunTable {
  readonly names: readonly string[];
  readonly moments: readonly MomentTable[];
}

/** @param runs With names that are unique. */
export function runTable(runs: readonly ReportRun[], moments: readonly Moment[]): RunTable {
  return { names: runs.map(({ name }) => name), moments: compareRuns(runs, moments) };
}

/** The table for people, and a sentence if there is no update to compare at. */
export function runText({ names, moments }: RunTable, width: number): string {
  const rows = rowsOf(moments);
  const labels = [
    { head: "at", cells: rows.map(({ at }) => at), once: true },
    { head: "metric", cells: rows.map(({ metric }) => escapeLine(metric)) },
  ];
  const columns = names.map((name, index) => ({
    name: escapeLine(name),
    parts: valueParts(
      "",
      rows.map(({ values }) => values[index]),
      (value, row) => updateText(value, rows[row]?.moment),
    ),
  }));
  const table = rows.length === 0 ? "" : sideBySide(labels, columns, width);
  return table + linesText(emptyMoments(moments).flatMap((text) => wrapped(text, width)));
}

/** The same as Markdown. */
export function runMarkdown({ names, moments }: RunTable): string {
  const rows = rowsOf(moments).map(({ at, metric, moment, values }) => [
    at,
    markdownCell(metric),
    ...values.map((value) => markdownValue(value, value === undefined ? "" : updateText(value, moment))),
  ]);
  const heads = ["at", "metric", ...names.map(markdownCell)];
  return (rows.length === 0 ? "" : markdownTable(heads, rows, 2)) + linesText(emptyMoments(moments));
}

/** CSV: a value and its update for each run. */
export function runCsv({ names, moments }: RunTable): string {
  const columns: Column[] = [
    { name: "at", type: "text", optional: true },
    { name: "metric", type: "text", optional: true },
    ...names.flatMap((name): Column[] => [
      { name, type: "float", optional: true },
      { name: `${name} update`, type: "count", optional: true },
    ]),
  ];
  const rows = rowsOf(moments).map(({ at, metric, values }) => [
    at,
    metric,
    ...values.flatMap((value) => [value?.value, value?.up]),
  ]);
  return csvHeader(columns) + csvRows(columns, rows);
}

/** Plain objects for JSON. */
export function runObjects(runs: readonly ReportRun[], moments: readonly MomentTable[]) {
  return {
    runs: runs.map((run) => {
      const { name, source, project = null, group = null } = run;
      const { lastUpdate = null, lastEpoch = null } = factsOf(run);
      return { name, source, project, group, last_update: lastUpdate, last_epoch: lastEpoch };
    }),
    moments: moments.map(({ moment, up = null, metrics }) => ({
      at: moment,
      ...(moment === "common" ? { up } : {}),
      metrics: metrics.map(({ metric, better = null, values }) => ({
        metric,
        better,
        values: values.map((value) => {
          if (value === undefined) return null;
          const { isBest, ...rest } = value;
          return { ...rest, ...(isBest ? { best: true } : {}) };
        }),
      })),
    })),
  };
}

/** The options that differ. */
export interface OptionTable {
  readonly names: readonly string[];
  /** By name; of each run its value, undefined if it is not set. */
  readonly options: readonly Setting[];
  /** Runs whose logs show no configuration. */
  readonly unknown: ReadonlySet<number>;
}

/**
 * The options in which the runs, as they were started last, differ: configuration, command line and Marian's version. A
 * run whose log shows none of these makes no difference.
 */
export function optionTable(runs: readonly ReportRun[]): OptionTable {
  const settings = runs.map(settingsOfRun);
  const known = settings.flatMap((own) => own ?? []);
  const differing = compareSettings(known).filter(({ differs }) => differs);
  return {
    names: runs.map(({ name }) => name),
    options: differing.map(({ key, differs }) => ({
      key,
      values: settings.map((own) => own?.get(key)?.replaceAll("\n", " ")),
      differs,
    })),
    unknown: new Set(settings.flatMap((own, index) => (own === undefined ? [index] : []))),
  };
}

/** Values get so much room in a table of any width. */
const OPTION_WIDTH = 60;
const MIN_OPTION_WIDTH = 20;

/** The table for people. */
export function optionText(table: OptionTable, width: number): string {
  const { names, options } = table;
  if (options.length === 0) return `${noDifference(table)}\n`;
  const labels = [{ head: "", cells: options.map(({ key }) => escapeLine(key)) }];
  const room = width - Math.max(...options.map(({ key }) => key.length));
  const each = Math.min(OPTION_WIDTH, Math.max(MIN_OPTION_WIDTH, Math.floor(room / names.length) - 2));
  const columns = names.map((name, index) => ({
    name: escapeLine(name),
    parts: [
      {
        head: "",
        align: "left" as const,
        cells: options.map(({ values }) =>
          wrapped(escapeLine(optionCell(values[index], table, index)), each).join("\n"),
        ),
      },
    ],
  }));
  return sideBySide(labels, columns, width);
}

/** The same as Markdown. */
export function optionMarkdown(table: OptionTable): string {
  const { names, options } = table;
  if (options.length === 0) return `${noDifference(table)}\n`;
  const rows = options.map(({ key, values }) => [
    markdownCell(key),
    ...values.map((value, index) => markdownCell(optionCell(value, table, index))),
  ]);
  return markdownTable(["option", ...names.map(markdownCell)], rows, rows[0]?.length ?? 0);
}

/** CSV; the cell of an option that is not set is empty. */
export function optionCsv({ names, options }: OptionTable): string {
  const columns = ["option", ...names].map((name): Column => ({ name, type: "text", optional: true }));
  return (
    csvHeader(columns) +
    csvRows(
      columns,
      options.map(({ key, values }) => [key, ...values.map((value) => value ?? "")]),
    )
  );
}

/** Plain objects for JSON. */
export function optionObjects({ options }: OptionTable) {
  return options.map(({ key, values }) => ({ option: key, values: values.map((value) => value ?? null) }));
}

function settingsOfRun({
  segments,
  training,
  validation,
}: ReportRun): ReadonlyMap<string, string> | undefined {
  const rows = [training, ...validation.values()].map(
    ({ columns, length }) => valueAt(columns.get("segment"), length - 1) ?? -1,
  );
  const current = currentSegment(segments, Math.max(...rows));
  const isKnown = current?.config !== undefined || current?.arguments !== undefined;
  return isKnown && current !== undefined ? settingsOf(current) : undefined;
}

function noDifference({ names, unknown }: OptionTable): string {
  const known = names.length - unknown.size;
  if (known >= 2) return "No option differs.";
  return `Options are not compared: ${known === 0 ? "no log" : "only one log"} shows its configuration.`;
}

function optionCell(value: string | undefined, { unknown }: OptionTable, index: number): string {
  return value ?? (unknown.has(index) ? "not known" : "not set");
}

interface Row {
  /** `best`, `last`, or the update. */
  readonly at: string;
  readonly moment: Moment;
  readonly metric: string;
  readonly values: readonly (ComparedValue | undefined)[];
}

function rowsOf(moments: readonly MomentTable[]): Row[] {
  return moments.flatMap(({ moment, up, metrics }) =>
    metrics.map(({ metric, values }) => ({ at: String(up ?? moment), moment: up ?? moment, metric, values })),
  );
}

/** The update of a value, unless the row says it. */
function updateText({ up }: ComparedValue, moment: Moment | undefined): string {
  if (up === moment) return "";
  return up === undefined ? "@earlier" : `@${up}`;
}

/** A sentence for each moment without a row. */
function emptyMoments(moments: readonly MomentTable[]): string[] {
  return moments.flatMap(({ moment, up, metrics }) => {
    if (moment === "common" && up === undefined)
      return "The trainings have no validated update in common: --at UPDATE takes the last validation up to an update.";
    return typeof moment === "number" && metrics.length === 0
      ? `No training has a value at update ${moment}: --at last shows where each ended.`
      : [];
  });
}
