/** The points of a chart near a place. */
import type { Table } from "../../report/table.js";
import type { RunView } from "../run-view.js";
import { lowerBound } from "./axis.js";
import type { ChartLine, ChartRun } from "./chart-lines.js";
import type { TraceLine } from "./trace.js";

/** One row of one run. */
export interface Point {
  readonly view: RunView;
  readonly table: Table;
  readonly traceLine: TraceLine;
  /** Its index in the trace line. */
  readonly index: number;
  readonly row: number;
  readonly x: number;
  /** As the log printed it. */
  readonly y: number;
  /** The smoothed value that is drawn instead; absent if lines are not smoothed. */
  readonly smooth?: number;
}

/** The point of each run that is nearest to a place on its lines, or up to `reach` beyond their ends. */
export function nearestPoints(runs: readonly ChartRun[], place: number, reach: number): Point[] {
  const points: Point[] = [];
  for (const run of runs) {
    let nearest: Point | undefined;
    for (const line of run.lines) {
      const { traceLine } = line;
      const [first = Number.NaN, last = Number.NaN] = [traceLine.x[0], traceLine.x.at(-1)];
      if (place < first - reach || place > last + reach) continue;
      const after = lowerBound(traceLine.x.length, (index) => (traceLine.x[index] ?? 0) >= place);
      for (const index of [after - 1, after]) {
        if (index < 0 || index >= traceLine.x.length) continue;
        const point = pointOf(run, line, index);
        if (nearest === undefined || isNearer(point, nearest, place)) nearest = point;
      }
    }
    if (nearest !== undefined) points.push(nearest);
  }
  return points;
}

/** Whether a point is nearer on the axis; of two at one place, the one that was not trained again. */
function isNearer(point: Point, other: Point, place: number): boolean {
  const difference = Math.abs(point.x - place) - Math.abs(other.x - place);
  return difference < 0 || (difference === 0 && other.traceLine.superseded && !point.traceLine.superseded);
}

function pointOf({ view, table }: ChartRun, { traceLine, smooth }: ChartLine, index: number): Point {
  return {
    view,
    table,
    traceLine,
    index,
    row: traceLine.row[index] ?? 0,
    x: traceLine.x[index] ?? 0,
    y: traceLine.y[index] ?? Number.NaN,
    ...(smooth === undefined ? {} : { smooth: smooth[index] ?? Number.NaN }),
  };
}

/** The same row of the same run as the chart shows it now; undefined if it does not. */
export function samePoint(runs: readonly ChartRun[], { view, row }: Point): Point | undefined {
  const run = runs.find((candidate) => candidate.view === view);
  for (const line of run?.lines ?? []) {
    const index = line.traceLine.row.indexOf(row);
    if (run !== undefined && index !== -1) return pointOf(run, line, index);
  }
  return undefined;
}

/** The next point of the same run (`step` 1) or the one before (-1); the point itself at its ends. */
export function neighbour(runs: readonly ChartRun[], point: Point, step: 1 | -1): Point {
  const run = runs.find(({ view }) => view === point.view);
  if (run === undefined) return point;
  // A row that two trace lines share is one point.
  const rows = new Map<number, { line: ChartLine; index: number }>();
  for (const line of run.lines) {
    for (const [index, row] of line.traceLine.row.entries())
      if (!rows.has(row)) rows.set(row, { line, index });
  }
  const placeOf = ({ line, index }: { line: ChartLine; index: number }) => line.traceLine.x[index] ?? 0;
  const order = [...rows.values()].sort((one, other) => placeOf(one) - placeOf(other));
  const at = order.findIndex(({ line, index }) => line.traceLine.row[index] === point.row);
  const next = order[at + step];
  return next === undefined ? point : pointOf(run, next.line, next.index);
}
