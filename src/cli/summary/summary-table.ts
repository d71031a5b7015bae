/** Many trainings as a table: for people, as Markdown, as CSV. */
import { formatSeconds, formatValue } from "../../check/format.js";
import type { MetricSummary, TrainingSummary } from "../../check/training-summary.js";
import { instant } from "../../core/timestamp.js";
import { escapeLine, linesText } from "../../io/escape.js";
import { csvLines } from "../../publishers/csv/csv-text.js";
import { sharedMetrics } from "../../report/metric-order.js";
import { isBetter } from "../../run/better.js";
import { plainColumn } from "../../run/metric-columns.js";
import { grouped } from "../receipts/numbers.js";
import { bestText, stallText } from "./summary-text.js";

/** A training of the table. */
export interface SummaryRow {
  /** What tells it from the others. */
  readonly name: string;
  /** The log, as the user named it. */
  readonly source: string;
  readonly summary: TrainingSummary;
}

/** The order of states: those that need someone come last. */
const STATES = ["finished", "running", "silent", "failed"];

/** What rows can be sorted by, besides metrics: smaller values first. */
const KEYS: Readonly<Record<string, (row: SummaryRow) => number | string | undefined>> = {
  name: ({ name }) => name,
  state: ({ summary: { state } }) => (state === undefined ? undefined : STATES.indexOf(state)),
  update: ({ summary: { update } }) => negative(update),
  epoch: ({ summary: { epoch } }) => negative(epoch),
  cost: ({ summary: { cost } }) => cost,
  stalled: ({ summary: { stall } }) => stall?.stalled,
  speed: ({ summary: { rate } }) => negative(rate),
  duration: ({ summary: { seconds } }) => seconds,
  ended: ({ summary: { ended } }) => negative(instant(ended)),
};

/** What the rows can be sorted by. */
export function sortKeys(rows: readonly SummaryRow[]): string[] {
  return [...metricsOf(rows), ...Object.keys(KEYS)];
}

/**
 * The rows, the best first; those without a value last, in the order in which they came.
 *
 * @param key A metric, or one of the other keys.
 */
export function sortedRows(rows: readonly SummaryRow[], key: string, reverse: boolean): SummaryRow[] {
  const value = KEYS[key] ?? ((row: SummaryRow) => metricRank(metricOf(row, key)));
  const known = rows.flatMap((row) => {
    const rank = value(row);
    return rank === undefined || Number.isNaN(rank) ? [] : [{ row, rank }];
  });
  known.sort((one, other) => (one.rank < other.rank ? -1 : one.rank > other.rank ? 1 : 0));
  const sorted = known.map(({ row }) => row);
  if (reverse) sorted.reverse();
  const isKnown = new Set(sorted);
  return [...sorted, ...rows.filter((row) => !isKnown.has(row))];
}

/** A column of the table for people; those of the highest rank are left out first where it is too wide. */
interface Column {
  readonly head: string;
  readonly rank: number;
  readonly isText?: boolean;
  cell(row: SummaryRow): string;
}

/** A name is cut to so many characters before a column is left out. */
const MIN_NAME = 24;

/**
 * The table for people. Names lose their beginning, and columns are left out, until it fits.
 *
 * @param width Undefined: everything is shown.
 */
export function tableText(rows: readonly SummaryRow[], width: number | undefined): string {
  let columns = tableColumns(rows);
  const widthOf = ({ head, cell }: Column) =>
    Math.max(head.length, ...rows.map((row) => escapeLine(cell(row)).length));
  let longest = Math.max("run".length, ...rows.map(({ name }) => escapeLine(name).length));
  if (width !== undefined) {
    const needed = () => columns.reduce((sum, column) => sum + 2 + widthOf(column), 0);
    while (columns.length > 0 && needed() + Math.min(longest, MIN_NAME) > width) {
      const last = Math.max(...columns.map(({ rank }) => rank));
      columns = columns.filter(({ rank }) => rank !== last);
    }
    longest = Math.max(Math.min(longest, MIN_NAME), Math.min(longest, width - needed()));
  }
  const widths = columns.map(widthOf);
  const line = (name: string, cells: readonly string[]) =>
    [
      name.padEnd(longest),
      ...cells.map((cell, index) => {
        const text = escapeLine(cell);
        return columns[index]?.isText === true
          ? text.padEnd(widths[index] ?? 0)
          : text.padStart(widths[index] ?? 0);
      }),
    ]
      .join("  ")
      .trimEnd();
  return linesText([
    line(
      "run",
      columns.map(({ head }) => head),
    ),
    ...rows.map((row) =>
      line(
        shortName(escapeLine(row.name), longest),
        columns.map(({ cell }) => cell(row)),
      ),
    ),
  ]);
}

/** The same for an issue or the page of a job. */
export function tableMarkdown(rows: readonly SummaryRow[]): string {
  const columns = tableColumns(rows);
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => escapeLine(cell).replace(/[|\\`*_<>[\]]/g, "\\$&")).join(" | ")} |`;
  return `${[
    line(["run", ...columns.map(({ head }) => head)]),
    `| ${["---", ...columns.map(({ isText }) => (isText === true ? "---" : "---:"))].join(" | ")} |`,
    ...rows.map((row) => line([row.name, ...columns.map(({ cell }) => cell(row))])),
  ].join("\n")}\n`;
}

/** Everything for programs; what a log does not show is empty. */
export function tableCsv(rows: readonly SummaryRow[]): string {
  const metrics = metricsOf(rows);
  const heads = metrics.flatMap((metric) => {
    const column = `best_${plainColumn(metric, "table")}`;
    return [column, `${column}_update`];
  });
  return csvLines([
    [
      "name",
      "source",
      "state",
      "epoch",
      "update",
      "cost",
      "words_per_second",
      "stalled_metric",
      "stalled",
      "stalled_limit",
      "started",
      "ended",
      "seconds",
      ...heads,
    ],
    ...rows.map((row) => {
      const { name, source, summary } = row;
      const { state, epoch, update, cost, rate, stall, started, ended, seconds } = summary;
      const best = metrics.flatMap((metric) => {
        const known = metricOf(row, metric)?.best;
        return [known?.value, known?.up];
      });
      const values = [
        state,
        epoch,
        update,
        cost,
        rate,
        stall?.metric,
        stall?.stalled,
        stall?.limit,
        started,
        ended,
        seconds,
        ...best,
      ];
      return [name, source, ...values.map((value) => (value === undefined ? "" : String(value)))];
    }),
  ]);
}

function tableColumns(rows: readonly SummaryRow[]): Column[] {
  const [main, ...others] = metricsOf(rows);
  const metric = (name: string, rank: number): Column => ({
    head: name,
    rank,
    isText: true,
    cell: (row) => {
      const known = metricOf(row, name);
      return known === undefined ? "" : bestText(known);
    },
  });
  const columns: Column[] = [
    { head: "state", rank: 0, isText: true, cell: ({ summary }) => summary.state ?? "unknown" },
    { head: "update", rank: 1, cell: ({ summary: { update } }) => shown(update, grouped) },
    ...(main === undefined ? [] : [metric(main, 2)]),
    { head: "stalled", rank: 3, cell: ({ summary: { stall } }) => shown(stall, stallText) },
    { head: "cost", rank: 4, cell: ({ summary: { cost } }) => shown(cost, formatValue) },
    {
      head: "words/s",
      rank: 5,
      cell: ({ summary: { rate } }) => shown(rate, (value) => grouped(Math.round(value))),
    },
    { head: "took", rank: 6, cell: ({ summary: { seconds } }) => shown(seconds, formatSeconds) },
    ...others.map((name, index) => metric(name, 8 + index)),
    { head: "ended", rank: 7, isText: true, cell: ({ summary: { ended } }) => ended ?? "" },
  ];
  // A column that is empty tells nothing.
  return columns.filter(({ cell }) => rows.some((row) => cell(row) !== ""));
}

function metricsOf(rows: readonly SummaryRow[]): string[] {
  return sharedMetrics(rows.map(({ summary: { metrics } }) => metrics.map(({ name }) => name)));
}

function metricOf({ summary: { metrics } }: SummaryRow, metric: string): MetricSummary | undefined {
  return metrics.find(({ name }) => name === metric);
}

/** Smaller for a better value; of an unknown metric, larger values come first. */
function metricRank(metric: MetricSummary | undefined): number | undefined {
  if (metric === undefined) return undefined;
  const { value } = metric.best ?? metric.last;
  return isBetter(0, 1, metric.better ?? "high") ? value : -value;
}

function negative(value: number | undefined): number | undefined {
  return value === undefined ? undefined : -value;
}

function shown<Value>(value: Value | undefined, text: (value: Value) => string): string {
  return value === undefined ? "" : text(value);
}

function shortName(name: string, width: number): string {
  return name.length <= width ? name : `…${name.slice(1 - width)}`;
}
