/** Line charts as text. */

import { robustRange, type ValueRange } from "../../../report/robust-range.js";
import { grouped } from "../../receipts/numbers.js";
import { linearScale, logScale, type Scale, type Tick } from "./axis.js";
import { type Dot, drawLine, makeCanvas, markOf } from "./canvas.js";
import type { CurvePoint, CurveSummary, CurveValue } from "./series-buffer.js";

/** One curve of a chart. */
export interface Curve {
  readonly name: string;
  /** By rising update. */
  readonly points: readonly CurvePoint[];
  readonly summary: CurveSummary;
}

/** How a chart looks. */
export interface ChartStyle {
  /** Characters of a line, and lines of the drawing without title, axis and legend. */
  readonly width: number;
  readonly height: number;
  readonly colour: boolean;
  /** Braille and lines; without it plain ASCII. */
  readonly unicode: boolean;
  readonly logarithmic: boolean;
  /** Whether the vertical axis reaches to outliers. */
  readonly outliers: boolean;
}

const COLOURS = [36, 33, 35, 32, 34, 91, 96, 93];
const RED = 31;
/** Lines between two numbers of the vertical axis, and characters between two of the horizontal one. */
const [LINES_A_TICK, COLUMNS_A_TICK] = [3, 14];
const UNICODE = { side: "│", tick: "┤", corner: "└", floor: "─", floorTick: "┴", broken: "×", curve: "⠒⠒" };
const ASCII = { side: "|", tick: "+", corner: "+", floor: "-", floorTick: "+", broken: "X", curve: "*" };

/** Draws curves over each other. Ends with a line feed. */
export function drawChart(title: string, curves: readonly Curve[], style: ChartStyle): string {
  const glyphs = style.unicode ? UNICODE : ASCII;
  const values = curves.flatMap(({ points }) => points.flatMap(({ min, max }) => [min, max]));
  const drawable = values.filter(
    (value): value is number => value !== undefined && (!style.logarithmic || value > 0),
  );
  const named = style.logarithmic ? `${title} (log scale)` : title;
  if (drawable.length === 0) return `${paint(style, 1, named)}\n${legend(curves, style)}`;
  const [from, to] = extent(drawable);
  const lasts = curves.map(({ points }) => Float64Array.from(points, ({ last = Number.NaN }) => last));
  const whole = { from, to };
  const scaled = style.outliers ? whole : robustRange(lasts, whole, style.logarithmic);
  const heading = paint(style, 1, named + beyond(whole, scaled));
  const vertical = (style.logarithmic ? logScale : linearScale)(scaled.from, scaled.to);
  const horizontal = linearScale(...extent(curves.flatMap(({ points }) => points.map(({ x }) => x))));

  const ticks = vertical.ticks(Math.max(2, Math.floor(style.height / LINES_A_TICK)));
  const margin = Math.max(0, ...ticks.map(({ label }) => label.length));
  const columns = Math.max(10, style.width - margin - 2);
  const canvas = makeCanvas(columns, style.height, !ownMarks(curves, style));
  const dotOf = (x: number, value: number): Dot => [
    Math.round(horizontal.place(x) * (canvas.width - 1)),
    Math.round(
      (1 - vertical.place(Math.min(Math.max(value, vertical.low), vertical.high))) * (canvas.height - 1),
    ),
  ];
  for (const [index, { points }] of curves.entries())
    drawCurve(points, dotOf, (from, to) => drawLine(canvas, from, to, index), style.logarithmic);

  const labels = new Map(
    ticks.map(({ value, label }) => [rowOf(vertical.place(value), style.height), label]),
  );
  const lines = [heading];
  for (let row = 0; row < style.height; row += 1) {
    const label = labels.get(row);
    const side = label === undefined ? glyphs.side : glyphs.tick;
    const cells = canvas
      .row(row)
      .map(({ text, curve }) => (curve < 0 ? text : paint(style, colourOf(curve), text)));
    lines.push(`${(label ?? "").padStart(margin)} ${side}${cells.join("")}`.trimEnd());
  }
  lines.push(...floor(curves, horizontal, { margin, columns }, style));
  return `${lines.join("\n")}\n${legend(curves, style)}`;
}

/** Says that there are outliers, which end at the edge of the drawing. */
function beyond(values: ValueRange, { from, to }: ValueRange): string {
  const said = [
    ...(values.to > to ? [`up to ${Number(values.to.toPrecision(6))}`] : []),
    ...(values.from < from ? [`down to ${Number(values.from.toPrecision(6))}`] : []),
  ];
  return said.length === 0 ? "" : ` (outliers ${said.join(" and ")} lie beyond it)`;
}

function drawCurve(
  points: readonly CurvePoint[],
  dotOf: (x: number, value: number) => Dot,
  line: (from: Dot, to: Dot) => void,
  logarithmic: boolean,
): void {
  let before: Dot | undefined;
  for (const { x, min, max, last } of points) {
    if (last === undefined || min === undefined || max === undefined || (logarithmic && max <= 0)) {
      // A curve is not drawn through what is no number.
      before = undefined;
      continue;
    }
    const here = dotOf(x, last);
    line(before ?? here, here);
    line(dotOf(x, min), dotOf(x, max));
    before = here;
  }
}

/** The horizontal axis: marks for values that are not numbers, and updates below. */
function floor(
  curves: readonly Curve[],
  horizontal: Scale,
  { margin, columns }: { readonly margin: number; readonly columns: number },
  style: ChartStyle,
): string[] {
  const glyphs = style.unicode ? UNICODE : ASCII;
  const columnOf = (x: number) => Math.round(horizontal.place(x) * (columns - 1));
  const line = Array.from({ length: columns }, () => glyphs.floor);
  const text = Array.from({ length: columns }, () => " ");
  let free = 0;
  for (const { value, label } of wholeTicks(horizontal, Math.floor(columns / COLUMNS_A_TICK))) {
    const column = columnOf(value);
    const start = Math.max(0, Math.min(columns - label.length, column - Math.floor(label.length / 2)));
    line[column] = glyphs.floorTick;
    if (start < free) continue;
    text.splice(start, label.length, ...label);
    free = start + label.length + 1;
  }
  for (const { points } of curves) {
    for (const { x, broken } of points) if (broken > 0) line[columnOf(x)] = paint(style, RED, glyphs.broken);
  }
  const space = " ".repeat(margin + 1);
  return [`${space}${glyphs.corner}${line.join("")}`, `${space} ${text.join("")}`.trimEnd()];
}

/** There is no half update. */
function wholeTicks(scale: Scale, most: number): readonly Tick[] {
  return scale.ticks(Math.max(2, most)).filter(({ value }) => Number.isInteger(value));
}

/** A line a curve: how it is drawn, where it ends, where its extremes are. */
function legend(curves: readonly Curve[], style: ChartStyle): string {
  const glyphs = style.unicode ? UNICODE : ASCII;
  const at = (name: string, value: CurveValue | undefined) =>
    value === undefined ? [] : [`${name} ${Number(value.value.toPrecision(6))} @ ${grouped(value.x)}`];
  const lines = curves.map(({ name, summary }, index) => {
    const mark = ownMarks(curves, style) ? markOf(index) : glyphs.curve;
    const { last, min, max, broken, brokenAt } = summary;
    const said = [...at("last", last), ...at("min", min), ...at("max", max)];
    if (brokenAt !== undefined) {
      const values = broken === 1 ? "value is" : "values are";
      said.push(`${broken} ${values} NaN or infinite (${glyphs.broken}), the first at ${grouped(brokenAt)}`);
    }
    if (style.logarithmic && min !== undefined && min.value <= 0)
      said.push("values of 0 and below are not on this scale");
    return `${paint(style, colourOf(index), mark)} ${name}: ${said.join(", ")}\n`;
  });
  return lines.join("");
}

/** Dots of one cell have one colour; without colours several curves need marks of their own. */
function ownMarks(curves: readonly Curve[], { unicode, colour }: ChartStyle): boolean {
  return !unicode || (!colour && curves.length > 1);
}

function extent(values: readonly number[]): [number, number] {
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    min = Math.min(min, value);
    max = Math.max(max, value);
  }
  return [min, max];
}

function rowOf(place: number, height: number): number {
  return Math.min(height - 1, Math.round((1 - place) * (height - 1)));
}

function colourOf(curve: number): number {
  return COLOURS[curve % COLOURS.length] ?? RED;
}

function paint({ colour }: ChartStyle, code: number, text: string): string {
  return colour && text !== "" ? `\u001b[${code}m${text}\u001b[0m` : text;
}
