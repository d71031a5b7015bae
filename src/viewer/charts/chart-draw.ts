/** Draws lines, points and marks into a chart's canvas. */
import { bestRow } from "../../report/metric-order.js";
import { valueAt } from "../../report/table.js";
import type { Better } from "../../run/better.js";
import { type Palette, runColor, runDashes } from "../colors.js";
import type { PlacedFinding, PlacedMark, Restart } from "../run-view.js";
import type { ChartContent, ChartRun } from "./chart-lines.js";
import type { DrawnLine } from "./downsample.js";

/** The plot's place in the canvas, and the scales, in canvas pixels. */
export interface Canvas {
  readonly context: CanvasRenderingContext2D;
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  /** Canvas pixels for one of the page. */
  readonly ratio: number;
  x(place: number): number;
  /** NaN if a value can't be shown, as 0 on a logarithmic scale. */
  y(value: number): number;
}

/** What is drawn besides the lines. */
export interface DrawOptions {
  readonly palette: Palette;
  /** The run that stands out; the others are pale. */
  readonly highlight: number | undefined;
  /** Draws each value as a point and writes how often it stalled. */
  readonly validation: boolean;
  readonly better: Better | undefined;
  restarts(run: ChartRun): readonly Restart[];
  findings(run: ChartRun): readonly PlacedFinding[];
  marks(run: ChartRun): readonly PlacedMark[];
}

/** Pixels that a point needs for itself. */
const POINT_ROOM = 7;
/** Pixels that a number needs above its point. */
const NUMBER_ROOM = 18;
/** With more points or runs than this, lines are one pixel wide: browsers draw those many times faster. */
const MAX_WIDE_POINTS = 5000;
const MAX_WIDE_RUNS = 20;
/** Strokes and gaps of what was trained again. */
const SUPERSEDED = [3, 3];
/** Pixels beyond which a line to an outlier does not change its slope. */
const FARTHEST = 1e6;
/** With more runs their points would hide each other's lines. */
const MAX_RUNS_WITH_POINTS = 12;
/** With more runs their restarts would be a fence. */
const MAX_RESTART_LINES = 6;

export function drawContent(canvas: Canvas, { runs, points }: ChartContent, options: DrawOptions): void {
  const { context } = canvas;
  const { palette, highlight, validation } = options;
  context.save();
  context.beginPath();
  context.rect(canvas.left, canvas.top, canvas.width, canvas.height);
  context.clip();
  const crowded = points > MAX_WIDE_POINTS || runs.length > MAX_WIDE_RUNS;
  // Dashes take long to draw, and do not help among so many runs.
  const whole = runs.length > MAX_WIDE_RUNS;
  const width = crowded ? 1 : 1.5 * canvas.ratio;
  context.lineJoin = crowded ? "bevel" : "round";
  const known = runs.some(({ view }) => view.index === highlight);
  // The highlighted run is on top.
  const order = known
    ? [...runs].sort((one, other) => Number(isHighlit(one, highlight)) - Number(isHighlit(other, highlight)))
    : runs;
  for (const run of order) {
    const pale = known && !isHighlit(run, highlight);
    context.strokeStyle = runColor(run.view.index, palette.dark);
    context.fillStyle = context.strokeStyle;
    const strength = pale ? 0.18 : 1;
    if (runs.length <= MAX_RESTART_LINES || (known && !pale)) {
      drawRestarts(canvas, options.restarts(run), strength);
      drawMarks(canvas, options.marks(run), strength);
    }
    for (const line of run.lines) {
      const { traceLine, raw } = line;
      if (raw !== undefined) {
        context.globalAlpha = 0.25 * strength;
        context.lineWidth = Math.min(width, canvas.ratio);
        strokeLine(canvas, raw);
      }
      context.globalAlpha = (traceLine.superseded ? 0.5 : 1) * strength;
      context.lineWidth = known && !pale ? 2.25 * canvas.ratio : width;
      const dashes = traceLine.superseded ? SUPERSEDED : whole ? [] : runDashes(run.view.index);
      context.setLineDash(dashes.map((length) => length * canvas.ratio));
      strokeLine(canvas, line);
      context.setLineDash([]);
      drawNonFinite(canvas, raw ?? line, palette);
    }
    drawFindings(canvas, options.findings(run), palette, strength);
  }
  context.restore();
  if (!validation) return;
  // Points are over all lines, and not clipped at the edge.
  context.save();
  context.lineJoin = "round";
  for (const run of order) {
    const pale = known && !isHighlit(run, highlight);
    if (runs.length > MAX_RUNS_WITH_POINTS && !(known && !pale)) continue;
    context.strokeStyle = runColor(run.view.index, palette.dark);
    context.fillStyle = context.strokeStyle;
    context.globalAlpha = pale ? 0.18 : 1;
    drawPoints(canvas, run, options, runs.length);
  }
  context.restore();
}

function isHighlit({ view }: ChartRun, highlight: number | undefined): boolean {
  return view.index === highlight;
}

function strokeLine({ context, ratio, x: toX, y: toY }: Canvas, { x, y }: DrawnLine): void {
  context.beginPath();
  let started = false;
  let alone = true;
  let [lastX, lastY] = [0, 0];
  const dot = () => {
    // A point between two breaks has no line to be seen by.
    if (started && alone) context.rect(lastX - ratio, lastY - ratio, 2 * ratio, 2 * ratio);
  };
  for (let index = 0; index < x.length; index += 1) {
    const exact = toY(y[index] ?? Number.NaN);
    if (!Number.isFinite(exact)) {
      dot();
      started = false;
      continue;
    }
    // Canvases count in single precision.
    const value = Math.min(FARTHEST, Math.max(-FARTHEST, exact));
    const place = toX(x[index] ?? 0);
    if (started) {
      context.lineTo(place, value);
      alone = false;
    } else {
      context.moveTo(place, value);
      started = true;
      alone = true;
    }
    [lastX, lastY] = [place, value];
  }
  dot();
  context.stroke();
}

/** Marks NaN by a cross at the lower edge, and infinity by an arrow at its edge. */
function drawNonFinite(
  { context, ratio, top, height, x: toX }: Canvas,
  { x, y }: DrawnLine,
  palette: Palette,
): void {
  const size = 4 * ratio;
  for (let index = 0; index < y.length; index += 1) {
    const value = y[index] ?? Number.NaN;
    if (Number.isFinite(value)) continue;
    const place = toX(x[index] ?? 0);
    const up = value === Number.POSITIVE_INFINITY;
    const at = up ? top + 2 * size : top + height - 2 * size;
    for (const halo of [true, false]) {
      const color = context.strokeStyle;
      if (halo) context.strokeStyle = palette.surface;
      context.lineWidth = (halo ? 5 : 2) * ratio;
      context.beginPath();
      if (Number.isNaN(value)) {
        context.moveTo(place - size, at - size);
        context.lineTo(place + size, at + size);
        context.moveTo(place - size, at + size);
        context.lineTo(place + size, at - size);
      } else {
        const tip = up ? -size : size;
        context.moveTo(place - size, at);
        context.lineTo(place, at + tip);
        context.lineTo(place + size, at);
      }
      context.stroke();
      context.strokeStyle = color;
    }
  }
}

/** A dotted line at the start of a segment, with a small flag at its top. */
function drawRestarts(canvas: Canvas, restarts: readonly Restart[], strength: number): void {
  const { context, ratio, top, height } = canvas;
  for (const { place } of restarts) {
    const at = Math.round(canvas.x(place)) + 0.5;
    context.globalAlpha = 0.65 * strength;
    context.lineWidth = ratio;
    context.setLineDash([ratio, 3 * ratio]);
    context.beginPath();
    context.moveTo(at, top);
    context.lineTo(at, top + height);
    context.stroke();
    context.setLineDash([]);
    context.beginPath();
    context.moveTo(at, top);
    context.lineTo(at + 7 * ratio, top + 4 * ratio);
    context.lineTo(at, top + 8 * ratio);
    context.fill();
  }
}

/**
 * Small signs at the lower edge: a stroke for a saved model, a ring for a loaded one, an arrow downwards for a lower
 * learning rate. Strokes that are closer than their width become one.
 */
function drawMarks(canvas: Canvas, marks: readonly PlacedMark[], strength: number): void {
  const { context, ratio, top, height, left, width } = canvas;
  const bottom = top + height;
  context.globalAlpha = strength;
  context.lineWidth = 1.5 * ratio;
  let last = Number.NEGATIVE_INFINITY;
  context.beginPath();
  for (const { kind, place } of marks) {
    const at = canvas.x(place);
    if (at < left - 1 || at > left + width + 1) continue;
    if (kind === "save") {
      if (at - last < 3 * ratio && at >= last) continue;
      last = at;
      context.moveTo(at, bottom - 6 * ratio);
      context.lineTo(at, bottom);
    } else if (kind === "load") {
      context.moveTo(at + 3.5 * ratio, bottom - 5 * ratio);
      context.arc(at, bottom - 5 * ratio, 3.5 * ratio, 0, 2 * Math.PI);
    } else {
      context.moveTo(at, bottom - 14 * ratio);
      context.lineTo(at, bottom - 2 * ratio);
      context.moveTo(at - 4 * ratio, bottom - 6 * ratio);
      context.lineTo(at, bottom - 2 * ratio);
      context.lineTo(at + 4 * ratio, bottom - 6 * ratio);
    }
  }
  context.stroke();
}

/** A triangle at the upper edge for each finding. */
function drawFindings(
  { context, ratio, top, x: toX }: Canvas,
  findings: readonly PlacedFinding[],
  palette: Palette,
  strength: number,
): void {
  const color = context.fillStyle;
  context.globalAlpha = strength;
  context.fillStyle = palette.warn;
  for (const { place } of findings) {
    const at = toX(place);
    context.beginPath();
    context.moveTo(at - 6 * ratio, top);
    context.lineTo(at + 6 * ratio, top);
    context.lineTo(at, top + 9 * ratio);
    context.fill();
  }
  context.fillStyle = color;
}

/**
 * Points of validations: full for a new best, hollow if it stalled, ringed for the best of all. Without room for every
 * point, only the best.
 */
function drawPoints(canvas: Canvas, run: ChartRun, options: DrawOptions, runs: number): void {
  const { context, ratio, left: edge, width } = canvas;
  const points = run.lines.reduce((sum, { x }) => sum + x.length, 0);
  const room = width / ratio / Math.max(1, points);
  const best = bestRow(run.table, options.better);
  const color = context.fillStyle;
  context.lineWidth = 1.5 * ratio;
  context.font = `${10 * ratio}px system-ui, sans-serif`;
  context.textAlign = "center";
  const circle = (x: number, y: number, radius: number) => {
    context.beginPath();
    context.arc(x, y, radius * ratio, 0, 2 * Math.PI);
  };
  for (const { traceLine, x, y, index } of run.lines) {
    for (let point = 0; point < x.length; point += 1) {
      const row = traceLine.row[index[point] ?? 0] ?? 0;
      const [left, top] = [canvas.x(x[point] ?? 0), canvas.y(y[point] ?? Number.NaN)];
      if (!Number.isFinite(top) || left < edge - 1 || left > edge + width + 1) continue;
      if (top < canvas.top - 1 || top > canvas.top + canvas.height + 1) continue;
      if (room < POINT_ROOM && row !== best) continue;
      const stalled = valueAt(run.table.columns.get("stalled"), row) ?? 0;
      circle(left, top, 2.75);
      if (stalled > 0) context.fillStyle = options.palette.surface;
      context.fill();
      context.stroke();
      if (row === best) {
        circle(left, top, 6);
        context.stroke();
      }
      if (stalled > 0 && runs <= 2 && room >= NUMBER_ROOM) {
        context.fillStyle = options.palette.muted;
        context.fillText(String(stalled), left, top - 7 * ratio);
      }
      context.fillStyle = color;
    }
  }
}
