/** Where the time of each run went. */
import { type Throughput, throughputOf } from "../report/throughput.js";
import { type Cell, dataTable, type Head } from "./data-table.js";
import { element } from "./dom.js";
import { formatDuration, formatExact } from "./format.js";
import type { ReportModel } from "./report-model.js";
import type { ViewState } from "./state.js";

/** The parts of the wall time, in the order of the bar. */
const PARTS = [
  { name: "training", text: "Training", title: "Updates at the usual speed" },
  {
    name: "validating",
    text: "Validating",
    title: "What intervals with a validation took beyond their training",
  },
  { name: "slow", text: "Slower", title: "What other intervals took beyond 1.25 times their usual time" },
  { name: "starting", text: "Starting", title: "From a start of Marian to its first update" },
  {
    name: "between",
    text: "Stopped",
    title: "Between the last record before a restart and the start after it",
  },
] as const satisfies readonly { name: keyof Throughput; text: string; title: string }[];

export function showThroughput(host: HTMLElement, { views }: ReportModel, { hidden }: ViewState): void {
  const shown = views
    .filter(({ index }) => !hidden.has(index))
    .map(({ run }) => ({ run, times: throughputOf(run) }));
  const known = shown.filter(({ times }) => times !== undefined);
  const heads: Head[] = [
    { text: "Run" },
    { text: "Words/s", kind: "number", title: "The median of reports without a validation before them" },
    { text: "Overall", kind: "number", title: "Words of the whole training by its wall time" },
    { text: "Wall time", kind: "number", title: "From the first record or start to the last" },
    ...PARTS.map(({ text, title }): Head => ({ text, title, kind: "number" })),
    {
      text: "Trained again",
      kind: "number",
      title: "Updates after which a restart went back; part of the above",
    },
    { text: "Busy", kind: "number", title: "Training at the usual speed, of the wall time" },
  ];
  const rows = known.map(({ run, times }) => (times === undefined ? [] : cells(run.name, times)));
  const without = shown.length - known.length;
  host.replaceChildren(
    element("h2", {}, "Where the time went"),
    ...(known.length === 0
      ? [element("p", { class: "muted" }, "These logs have no times.")]
      : [dataTable("Where the time went", heads, rows)]),
    ...(without > 0 && known.length > 0
      ? [element("p", { class: "muted" }, `${without} of the runs have no times in their logs.`)]
      : []),
  );
}

function cells(name: string, times: Throughput): Cell[] {
  const duration = (value: number): Cell => ({ text: formatDuration(value), value });
  const rate = (value: number | undefined): Cell =>
    value === undefined ? { text: "" } : { text: formatExact(Math.round(value)), value };
  const busy = times.training / times.wall;
  return [
    { text: name },
    rate(times.usualRate),
    rate(times.overallRate),
    duration(times.wall),
    ...PARTS.map(({ name: part }) => duration(times[part])),
    duration(times.repeated),
    { text: `${(busy * 100).toFixed(1)} %`, value: busy },
  ];
}
