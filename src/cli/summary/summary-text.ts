/** How a training is doing: for people, and as JSON. */
import { formatSeconds } from "../../check/format.js";
import type { MetricSummary, TrainingSummary } from "../../check/training-summary.js";
import { firstOf, grouped } from "../receipts/numbers.js";

/** A line of a receipt: its label, and what it says. */
export type LabelledLine = readonly [label: string, text: string];

/** Columns that lists of metrics may take. */
const WIDTH = 66;

/** Up to five lines: the state, the last update, the best validations, the stall. */
export function summaryLines(summary: TrainingSummary): LabelledLine[] {
  const { stall, metrics } = summary;
  const best = filled(firstOf(metrics.map((metric) => `${metric.name} ${bestText(metric)}`)));
  return [
    ["state", [summary.state ?? "unknown", ...timeParts(summary)].join(", ")],
    ["last", lastParts(summary).join(", ")],
    ...best.map((text, line): LabelledLine => [line === 0 ? "best" : "", text]),
    ...(stall === undefined || (stall.limit === undefined && stall.stalled === 0)
      ? []
      : [["stalled", `${stall.metric} ${stallText(stall)}`] as const]),
  ];
}

/** The same in one line; of the validations the metric that early stopping looks at, else the first. */
export function summaryLine(summary: TrainingSummary): string {
  const { state = "unknown", stall, metrics } = summary;
  const metric = metrics.find(({ name }) => name === stall?.metric) ?? metrics[0];
  const best = metric === undefined ? [] : [`best ${metric.name} ${bestText(metric)}`];
  const took = summary.seconds === undefined ? [] : [formatSeconds(summary.seconds)];
  return [state, ...lastParts(summary), ...best, ...took].join(", ");
}

/** Fields of a receipt; one that the log does not show is left out. */
export function summaryJson({ metrics, stall, rate, ...summary }: TrainingSummary): Record<string, unknown> {
  const metricJson = ({ best, last, stalled }: MetricSummary) => ({
    ...(best === undefined ? {} : { best: best.value }),
    ...(best?.up === undefined ? {} : { best_update: best.up }),
    last: last.value,
    last_update: last.up,
    stalled,
  });
  return {
    ...summary,
    metrics: Object.fromEntries(metrics.map((metric) => [metric.name, metricJson(metric)])),
    ...(stall === undefined ? {} : { stall }),
    ...(rate === undefined ? {} : { words_per_second: rate }),
  };
}

/** The best value and its update; the last value of a metric of which nobody knows which values are better. */
export function bestText({ best, last }: Pick<MetricSummary, "best" | "last">): string {
  if (best === undefined) return `${last.value} @ ${grouped(last.up)} (last)`;
  return `${best.value} ${best.up === undefined ? "before this log" : `@ ${grouped(best.up)}`}`;
}

/** `4 of 20`; without early stopping the first number alone. */
export function stallText({ stalled, limit }: NonNullable<TrainingSummary["stall"]>): string {
  return limit === undefined ? grouped(stalled) : `${grouped(stalled)} of ${grouped(limit)}`;
}

function lastParts({ update, epoch, cost, rate }: TrainingSummary): string[] {
  return [
    ...(update === undefined ? [] : [`update ${grouped(update)}`]),
    ...(epoch === undefined ? [] : [`epoch ${epoch}`]),
    ...(cost === undefined ? [] : [`cost ${cost}`]),
    ...(rate === undefined ? [] : [`${grouped(Math.round(rate))} words/s`]),
  ];
}

function timeParts({ started, ended, seconds }: TrainingSummary): string[] {
  if (started === undefined || ended === undefined || seconds === undefined) return [];
  return [formatSeconds(seconds), `${minute(started)} to ${minute(ended)}`];
}

/** A time of the log to the minute. */
function minute(timestamp: string): string {
  const zone = /(?:Z|[+-]\d\d:\d\d)$/.exec(timestamp)?.[0] ?? "";
  return `${timestamp.slice(0, 16).replace("T", " ")}${zone === "Z" ? " UTC" : zone}`;
}

/** Texts with commas between them, in lines of a bearable length. */
function filled(texts: readonly string[]): string[] {
  const lines: string[] = [];
  for (const [index, text] of texts.entries()) {
    const part = index === texts.length - 1 ? text : `${text},`;
    const line = lines.at(-1);
    if (line === undefined || line.length + 1 + part.length > WIDTH) lines.push(part);
    else lines[lines.length - 1] = `${line} ${part}`;
  }
  return lines;
}
