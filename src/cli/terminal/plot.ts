/** `--plot METRIC`: charts of what was read, on a terminal or in a text file. */

import type { WriteStream } from "node:tty";
import { escapeLine } from "../../io/escape.js";
import { resultFolders } from "../../io/inputs.js";
import { Echo } from "../../io/stdin.js";
import type { OpenedLog, PublisherOpener } from "../../pipeline/parse-logs.js";
import type { UpdatePublisher } from "../../publishers/update-publisher.js";
import type { TerminalSize } from "./live-lines.js";
import { type ChartStyle, drawChart } from "./plot/chart.js";
import { RunCurves } from "./plot/run-curves.js";

/** Where charts go: a stream of Node's, as far as they need to know it. */
export interface PlotTerminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}

const HEIGHT = 15;
/** Lines of a chart besides its drawing. */
const AROUND = 5;
const LOWEST = 4;
const NARROWEST = 30;

/** What the user may set. */
export type ChartSettings = Partial<Pick<ChartStyle, "logarithmic" | "outliers">>;

/** The style that a terminal and the user's settings ask for. */
export function chartStyle(
  terminal: PlotTerminal,
  environment: Readonly<Record<string, string | undefined>>,
  { logarithmic = false, outliers = false }: ChartSettings = {},
): ChartStyle {
  const columns = terminal.columns ?? Number(environment["COLUMNS"] ?? 80);
  const locale = environment["LC_ALL"] || environment["LC_CTYPE"] || environment["LANG"] || "";
  const height = Math.min(HEIGHT, (terminal.rows ?? 40) - AROUND);
  return {
    width: Number.isInteger(columns) && columns >= NARROWEST ? columns : 80,
    height: Math.max(LOWEST, height),
    colour: terminal.isTTY === true && !environment["NO_COLOR"],
    // Windows tells no locale; its terminals show everything.
    unicode: /utf-?8/i.test(locale) || process.platform === "win32",
    logarithmic,
    outliers,
  };
}

/** What a terminal calls a log: its folder of results among those of the other logs. */
export function labelOf({ name, names }: Pick<OpenedLog, "name" | "names">): string {
  return (names.length === 1 ? name : resultFolders(names).get(name)) ?? name;
}

/** Gathers the curves of runs and draws a chart a metric. */
export class Plot {
  readonly #metrics: readonly string[];
  readonly #runs: { readonly name: string; readonly curves: RunCurves }[] = [];

  constructor(metrics: readonly string[]) {
    this.#metrics = [...new Set(metrics)];
  }

  /** The number of metrics: there are at most so many charts. */
  get metrics(): number {
    return this.#metrics.length;
  }

  /** The number of runs: a chart has at most so many curves. */
  get runs(): number {
    return this.#runs.length;
  }

  /** Makes the publisher of each log. */
  readonly opener: PublisherOpener = (log) => this.publisher(labelOf(log));

  /** Takes the run of a log. @param name What the legend calls it. */
  publisher(name: string): UpdatePublisher {
    const curves = new RunCurves(this.#metrics);
    this.#runs.push({ name: escapeLine(name), curves });
    return {
      name: "plot",
      publish: async (update) => curves.take(update),
      close: async () => ({ outputs: [] }),
      discard: async () => {},
    };
  }

  /** All charts, an empty line between them. */
  text(style: ChartStyle): string {
    return this.charts(style).join("\n");
  }

  /** A chart for each metric that a run has. */
  charts(style: ChartStyle): readonly string[] {
    return this.#metrics.flatMap((metric) => {
      const curves = this.#runs.flatMap(({ name, curves: run }) => {
        const series = run.curve(metric);
        return series === undefined ? [] : [{ name, points: series.points, summary: series.summary }];
      });
      return curves.length === 0 ? [] : [drawChart(escapeLine(metric), curves, style)];
    });
  }

  /** A message for each metric that no run has, with the metrics that exist; empty if nothing was read. */
  get faults(): readonly string[] {
    const names = [...new Set(this.#runs.flatMap(({ curves }) => curves.names))];
    if (names.length === 0) return [];
    return this.#metrics
      .filter((metric) => !this.#runs.some(({ curves }) => curves.curve(metric) !== undefined))
      .map((metric) => `--plot ${metric}: no log has this metric; there are ${names.join(", ")}`);
  }
}

/** Prints all charts; when nobody takes them, they are dropped. */
export async function printCharts(
  plot: Plot,
  terminal: WriteStream,
  settings: ChartSettings = {},
): Promise<void> {
  const text = plot.text(chartStyle(terminal, process.env, settings));
  await new Echo(terminal).write(new TextEncoder().encode(text));
}

/** Milliseconds between two new drawings: while a log is read from its start, every moment brings something new. */
const REDRAW = 2000;

/** The charts of trainings that are running, as they fit on a terminal. */
export class LiveCharts {
  readonly #plot: Plot;
  readonly #style: () => ChartStyle;
  #lines: readonly string[] = [];
  #drawn: { readonly at: number; readonly size: string } | undefined;

  /** @param style Asked for every time: windows change their size. */
  constructor(plot: Plot, style: () => ChartStyle) {
    this.#plot = plot;
    this.#style = style;
  }

  /** @param room The lines that there are for the charts. */
  lines({ columns, rows: room }: TerminalSize): readonly string[] {
    const size = `${columns} ${room}`;
    const now = performance.now();
    if (this.#drawn?.size === size && now - this.#drawn.at < REDRAW) return this.#lines;
    this.#drawn = { at: now, size };
    this.#lines = this.#draw(room);
    return this.#lines;
  }

  #draw(room: number): readonly string[] {
    const style = this.#style();
    const around = AROUND - 1 + this.#plot.runs;
    const height = Math.floor(room / this.#plot.metrics) - around;
    const charts = this.#plot.charts({
      ...style,
      // The last column stays free, so that no line wraps.
      width: style.width - 1,
      height: Math.max(LOWEST, Math.min(style.height, height)),
    });
    const shown: string[] = [];
    for (const [index, chart] of charts.entries()) {
      const lines = chart.split("\n").slice(0, -1);
      if (index > 0 && shown.length + lines.length >= room) break;
      shown.push(...lines, "");
    }
    return shown.slice(0, room);
  }
}
