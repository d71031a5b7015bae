/** What a terminal shows while logs are followed: the charts, and below them how each training is doing. */
import type { WriteStream } from "node:tty";
import type { FollowStatus } from "./follow-status.js";
import { LiveLines, type TerminalSize } from "./live-lines.js";
import { type ChartSettings, chartStyle, LiveCharts, type Plot } from "./plot.js";

/** The parts of the view; each is shown on a terminal only. */
export interface LiveViewParts {
  readonly charts?:
    | {
        readonly plot: Plot;
        /** Where the charts of the end go. */
        readonly terminal: WriteStream;
        readonly settings?: ChartSettings;
      }
    | undefined;
  /** Goes to standard error. */
  readonly status?: FollowStatus | undefined;
}

/** A view that is shown until `stop` is called. */
export interface LiveView {
  stop(): void;
}

/** Whether lines can be redrawn on a stream. */
export function canRedraw(terminal: WriteStream): boolean {
  return terminal.isTTY && process.env["TERM"] !== "dumb";
}

/** Shows the parts for which there is a terminal. */
export function showLive({ charts, status }: LiveViewParts): LiveView {
  const drawn =
    charts !== undefined && canRedraw(charts.terminal)
      ? new LiveCharts(charts.plot, () => chartStyle(charts.terminal, process.env, charts.settings))
      : undefined;
  const said = canRedraw(process.stderr) ? status : undefined;
  if (drawn === undefined && said === undefined) return { stop() {} };
  const terminal = said === undefined && charts !== undefined ? charts.terminal : process.stderr;
  const lines = ({ columns, rows }: TerminalSize): readonly string[] => {
    const room = rows - 1;
    const below = said?.lines({ columns, rows: drawn === undefined ? room : Math.floor(rows / 4) }) ?? [];
    return [...(drawn?.lines({ columns, rows: room - below.length }) ?? []), ...below];
  };
  return new LiveLines(terminal, lines, [process.stdout, process.stderr].filter(canRedraw));
}
