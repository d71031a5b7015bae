/** The cursor of a chart: the point that pointer or keys choose, its tooltip, and the rings around points. */
import { type Palette, runColor } from "../colors.js";
import { element } from "../dom.js";
import type { Range } from "../state.js";
import type { AxisName } from "./axis.js";
import type { ChartKind } from "./chart-kinds.js";
import type { ChartRun } from "./chart-lines.js";
import type { Plot } from "./plot.js";
import { nearestPoints, neighbour, type Point, samePoint } from "./points.js";
import { describe, describeRestart, Tooltip } from "./tooltip.js";

/** What the cursor moves over: the chart as it was drawn last. */
export interface DrawnChart {
  readonly plot: Plot;
  readonly runs: readonly ChartRun[];
  readonly axis: AxisName;
  readonly range: Range;
  readonly palette: Palette;
}

/** A position in pixels of the plot. */
interface Pixel {
  readonly left: number;
  readonly top: number;
}

/** Pixels from the end of a line within which it is still near. */
const REACH = 16;
/** Pixels within which a mark is meant. */
const MARK_REACH = 7;
/** Points that get a ring at the cursor. */
const MAX_RINGS = 10;

export class ChartCursor {
  readonly tooltip = new Tooltip();
  readonly rings = element("div", { class: "rings" });
  readonly #kind: ChartKind;
  readonly #chart: () => DrawnChart | undefined;
  readonly #announce: (text: string) => void;
  #point: Point | undefined;
  /** Where the pointer is; undefined if it is elsewhere, or keys have chosen the point. */
  #pointer: Pixel | undefined;

  /** @param chart Returns the chart; undefined before it is drawn. */
  constructor(kind: ChartKind, chart: () => DrawnChart | undefined, announce: (text: string) => void) {
    this.#kind = kind;
    this.#chart = chart;
    this.#announce = announce;
  }

  /** The chosen point. */
  get point(): Point | undefined {
    return this.#point;
  }

  /** Moves the cursor to where the point is now, after the chart has changed. */
  refresh(): void {
    const chart = this.#chart();
    if (chart === undefined || this.#point === undefined) return;
    const now = this.#pointer === undefined ? samePoint(chart.runs, this.#point) : undefined;
    if (now === undefined) this.hover(this.#pointer);
    else this.#showAt(chart, now);
  }

  /** Follows the pointer. */
  hover(at: Pixel | undefined): void {
    const chart = this.#chart();
    if (at === undefined || chart === undefined) {
      this.leave();
      return;
    }
    const { plot, runs } = chart;
    this.#pointer = at;
    const points = nearestPoints(runs, plot.placeAt(at.left), widthOf(plot, REACH));
    const distance = ({ x, y, smooth }: Point) => {
      const { left, top } = plot.positionOf(x, smooth ?? y);
      return Math.hypot((left - at.left) / 4, top - at.top);
    };
    const sorted = points
      .map((point) => ({ point, away: distance(point) }))
      .sort((one, other) => one.away - other.away)
      .map(({ point }) => point);
    this.#show(chart, sorted, at);
  }

  leave(): void {
    this.#point = undefined;
    this.#pointer = undefined;
    this.#hide();
  }

  /** Goes to the next point of the same run, or the one before. */
  step(step: 1 | -1): void {
    const chart = this.#chart();
    if (chart === undefined) return;
    if (this.#point === undefined) this.jump(chart.range.from);
    else this.#read(neighbour(chart.runs, this.#point, step));
  }

  /** Goes to the point of the same run that is nearest to a place. */
  jump(place: number): void {
    const points = nearestPoints(this.#chart()?.runs ?? [], place, Number.POSITIVE_INFINITY);
    this.#read(points.find(({ view }) => view === this.#point?.view) ?? points[0]);
  }

  /** Goes to the next run, or the one before. */
  changeRun(step: 1 | -1): void {
    const points = nearestPoints(this.#chart()?.runs ?? [], this.#point?.x ?? 0, Number.POSITIVE_INFINITY);
    const at = points.findIndex(({ view }) => view === this.#point?.view);
    this.#read(points[(at + step + points.length) % points.length]);
  }

  /** Shows a point and reads it out. */
  #read(point: Point | undefined): void {
    const chart = this.#chart();
    if (chart === undefined || point === undefined) return;
    this.#point = point;
    this.#pointer = undefined;
    this.#showAt(chart, point);
    this.#announce(describe(this.#kind, chart.axis, point));
  }

  /** Shows the cursor at a point, unless the point is out of sight. */
  #showAt(chart: DrawnChart, point: Point): void {
    const { plot, range } = chart;
    if (point.x < range.from || point.x > range.to) {
      this.#hide();
      return;
    }
    const at = plot.positionOf(point.x, point.y);
    plot.setCursor(at.left, at.top);
    this.#show(chart, [point], at);
  }

  /** Shows the tooltip for these points, the chosen one first. */
  #show(chart: DrawnChart, points: readonly Point[], at: Pixel): void {
    const [first] = points;
    if (first === undefined) {
      this.leave();
      return;
    }
    const { plot, palette } = chart;
    this.#point = first;
    this.tooltip.show(
      this.#kind,
      chart,
      points,
      this.#marksNear(chart, plot.placeAt(at.left)),
      at,
      plot.rect,
    );
    this.rings.replaceChildren(
      ...points.slice(0, MAX_RINGS).map((point) => {
        const ring = element("div", { class: "ring" });
        const { left, top } = plot.positionOf(point.x, point.y);
        ring.style.transform = `translate(${left}px, ${top}px)`;
        ring.style.borderColor = runColor(point.view.index, palette.dark);
        return ring;
      }),
    );
  }

  #hide(): void {
    this.tooltip.hide();
    this.rings.replaceChildren();
    this.#chart()?.plot.hideCursor();
  }

  /** Sentences for the restarts, findings and marks near a place. */
  #marksNear({ plot, runs, axis }: DrawnChart, place: number): string[] {
    const reach = widthOf(plot, MARK_REACH);
    const near = (mark: { readonly place: number }) => Math.abs(mark.place - place) <= reach;
    return runs.flatMap(({ view }) => [
      ...view
        .restarts(axis)
        .filter(near)
        .map((restart) => describeRestart(view, restart)),
      ...view
        .findings(this.#kind, axis)
        .filter(near)
        .map(({ finding }) => `${view.run.name}: ${finding.words}`),
      ...view
        .marks(axis)
        .filter(near)
        .map(({ text }) => `${view.run.name}: ${text}`),
    ]);
  }
}

/** So many pixels of a plot as a distance on its axis. */
function widthOf(plot: Plot, pixels: number): number {
  return Math.abs(plot.placeAt(pixels) - plot.placeAt(0));
}
