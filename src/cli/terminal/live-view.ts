/** What a terminal shows while logs are followed: the charts, and below them a line for each log. */
import type { WriteStream } from "node:tty";
import { LiveLines, type TerminalSize } from "./live-lines.js";
import { type ChartSettings, chartStyle, LiveCharts, type Plot } from "./plot.js";

/** The parts of the view; each is shown on a terminal only. */
export interface LiveViewParts {
  readonly charts?: {
    readonly plot: Plot;
    /** Where the charts of the end go. */
    readonly terminal: WriteStream;
    readonly settings?: ChartSettings;
  };
}

/** A view that is shown until `stop` is called. */
export interface LiveView {
  stop(): void;
}

/** Shows the parts for which there is a terminal. */
export function showLive({ charts }: LiveViewParts): LiveView {
  const isShown = (terminal: WriteStream) => terminal.isTTY && process.env["TERM"] !== "dumb";
  if (charts === undefined || !isShown(charts.terminal)) return { stop() {} };
  const { plot, terminal, settings } = charts;
  const drawn = new LiveCharts(plot, () => chartStyle(terminal, process.env, settings));
  const lines = ({ columns, rows }: TerminalSize) => drawn.lines({ columns, rows: rows - 1 });
  return new LiveLines(terminal, lines, [process.stdout, process.stderr].filter(isShown));
}
