/** `--plot METRIC`: charts of what was read, on a terminal or in a text file. */

import { escapeLine } from "../../io/escape.js";
import { resultFolders } from "../../io/inputs.js";
import type { PublisherOpener } from "../../pipeline/parse-logs.js";
import type { UpdatePublisher } from "../../publishers/update-publisher.js";
import { type ChartStyle, drawChart } from "./plot/chart.js";
import { RunCurves } from "./plot/run-curves.js";

/** Where charts go: a stream of Node's, as far as they need to know it. */
export interface PlotTerminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  write(text: string): unknown;
}

const HEIGHT = 15;
/** Lines of a chart besides its drawing. */
const AROUND = 5;
const LOWEST = 4;
const NARROWEST = 30;
/** Colours take no room. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what they are made of
const PAINT = /\u001b\[\d+m/g;

/** The style that a terminal and the user's settings ask for. */
export function chartStyle(
  terminal: PlotTerminal,
  environment: Readonly<Record<string, string | undefined>>,
  { logarithmic = false, outliers = false } = {},
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

/** Gathers the curves of runs and draws a chart a metric. */
export class Plot {
  readonly #metrics: readonly string[];
  readonly #runs: { readonly name: string; readonly curves: RunCurves }[] = [];

  constructor(metrics: readonly string[]) {
    this.#metrics = [...new Set(metrics)];
  }

  /** How many charts there may be. */
  get charts(): number {
    return this.#metrics.length;
  }

  /** Makes the publisher of each log; the legend calls a log by its folder among the others. */
  readonly opener: PublisherOpener = ({ name, names }) =>
    this.publisher((names.length === 1 ? name : resultFolders(names).get(name)) ?? name);

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
    const charts = this.#metrics.flatMap((metric) => {
      const curves = this.#runs.flatMap(({ name, curves: run }) => {
        const series = run.curve(metric);
        return series === undefined ? [] : [{ name, points: series.points, summary: series.summary }];
      });
      return curves.length === 0 ? [] : [drawChart(escapeLine(metric), curves, style)];
    });
    return charts.join("\n");
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

/**
 * Charts of a training that is running: each drawing takes the place of the one before. Where the output is no
 * terminal nothing is drawn before the end.
 */
export class LivePlot {
  readonly #plot: Plot;
  readonly #terminal: PlotTerminal;
  readonly #style: () => ChartStyle;
  #drawn: string | undefined;
  /** Lines of the terminal that the last drawing takes. */
  #lines = 0;

  /** @param style Asked for every time: windows change their size. */
  constructor(plot: Plot, terminal: PlotTerminal, style: () => ChartStyle) {
    this.#plot = plot;
    this.#terminal = terminal;
    this.#style = style;
  }

  /** Draws what has come, if that differs from what is shown. */
  redraw(): void {
    if (this.#terminal.isTTY === true) this.#draw();
  }

  /** Draws for the last time; also into a file. */
  finish(): void {
    this.#draw();
  }

  #draw(): void {
    const { rows = Number.POSITIVE_INFINITY, columns = Number.POSITIVE_INFINITY } = this.#terminal;
    const style = this.#style();
    // What has left the screen at its top can't be drawn over.
    const height = Math.floor((rows - 1) / this.#plot.charts) - AROUND;
    const text = this.#plot.text({ ...style, height: Math.max(LOWEST, Math.min(style.height, height)) });
    if (text === this.#drawn) return;
    this.#terminal.write(this.#lines > 0 ? `\u001b[${this.#lines}A\r\u001b[J${text}` : text);
    this.#drawn = text;
    this.#lines = text
      .split("\n")
      .slice(0, -1)
      .reduce((sum, line) => sum + Math.max(1, Math.ceil(line.replace(PAINT, "").length / columns)), 0);
  }
}
