/** uPlot: axes, grid, cursor and selection. The chart draws the lines. */
import uPlot from "uplot";
import type { Palette } from "../colors.js";
import { formatDuration, formatMark } from "../format.js";
import type { Range } from "../state.js";
import type { AxisName } from "./axis.js";
import type { Canvas } from "./chart-draw.js";
import { logarithmicMarks, timeSteps } from "./marks.js";

/** How a plot is made. Another axis or scale needs another plot. */
export interface PlotOptions {
  readonly axis: AxisName;
  readonly log: boolean;
  readonly width: number;
  readonly height: number;
  /** The colours at the moment of drawing. */
  palette(): Palette;
  draw(canvas: Canvas): void;
  /** The pointer in pixels of the plot; undefined when it has left. */
  cursor(at: { readonly left: number; readonly top: number } | undefined): void;
  /** What a drag chose: places, values, or both. */
  select(x: Range | undefined, y: Range | undefined): void;
  reset(): void;
}

/** The cursors of all charts move together. */
const SYNC = "charts";
const FONT = "11px system-ui, sans-serif";
/** A selection narrower than this was a click. */
const MIN_SELECTION = 4;
/** A drag that is shorter than this in one direction selects only the other. */
const MIN_BOTH = 40;

export class Plot {
  readonly #plot: uPlot;
  readonly #log: boolean;
  #x: Range = { from: 0, to: 1 };
  #y: Range = { from: 0, to: 1 };
  /** Whether the pointer is over this plot, and not over one that its cursor follows. */
  #pointed = false;

  constructor(host: HTMLElement, options: PlotOptions) {
    this.#log = options.log;
    this.#plot = new uPlot(
      this.#settings(options),
      [
        [0, 1],
        [0, 1],
      ],
      host,
    );
    // The chart has a description of its own.
    this.#plot.root.setAttribute("aria-hidden", "true");
    this.#plot.over.addEventListener("mouseenter", () => {
      this.#pointed = true;
    });
    this.#plot.over.addEventListener("mouseleave", () => {
      this.#pointed = false;
      options.cursor(undefined);
    });
  }

  /** The plot's position in its host and its size, in pixels. */
  get rect(): { left: number; top: number; width: number; height: number } {
    const { bbox } = this.#plot;
    const ratio = uPlot.pxRatio;
    return {
      left: bbox.left / ratio,
      top: bbox.top / ratio,
      width: bbox.width / ratio,
      height: bbox.height / ratio,
    };
  }

  /** Draws these parts of the axes. */
  show(x: Range, y: Range): void {
    this.#x = x;
    this.#y = y;
    // At once, because positions are asked for next.
    this.#plot.batch(() =>
      this.#plot.setData([
        [x.from, x.to],
        [y.from, y.to],
      ]),
    );
  }

  resize(width: number, height: number): void {
    this.#plot.setSize({ width, height });
  }

  /** The place under a pixel of the plot. */
  placeAt(left: number): number {
    return this.#plot.posToVal(left, "x");
  }

  /** The value at a pixel of the plot. */
  valueAt(top: number): number {
    return this.#plot.posToVal(top, "y");
  }

  /** Where a point is, in pixels of the plot. */
  positionOf(x: number, y: number): { left: number; top: number } {
    const height = this.rect.height;
    const top = this.#log && y <= 0 ? height : this.#plot.valToPos(y, "y");
    return { left: this.#plot.valToPos(x, "x"), top: Number.isFinite(top) ? top : height };
  }

  /** Puts the cursor there without a pointer. */
  setCursor(left: number, top: number): void {
    this.#plot.setCursor({ left, top }, false);
  }

  hideCursor(): void {
    this.setCursor(-10, -10);
  }

  /** Puts an element over the plot. */
  overlay(child: HTMLElement): void {
    this.#plot.over.append(child);
  }

  destroy(): void {
    this.#plot.destroy();
  }

  #settings(options: PlotOptions): uPlot.Options {
    const { axis, log } = options;
    const line = { stroke: () => options.palette().grid, width: 1 };
    const common = { stroke: () => options.palette().muted, font: FONT, grid: line, border: { show: false } };
    return {
      width: options.width,
      height: options.height,
      ms: 1,
      tzDate: (time) => uPlot.tzDate(new Date(time), "Etc/UTC"),
      legend: { show: false },
      padding: [10, 14, 0, 0],
      scales: {
        x: { time: axis === "clock", range: () => [this.#x.from, this.#x.to] },
        y: { distr: log ? 3 : 1, range: () => [this.#y.from, this.#y.to] },
      },
      series: [{}, { paths: () => null, points: { show: false } }],
      axes: [
        {
          ...common,
          ...horizontal(axis),
          ticks: { ...line, size: 4 },
          size: 30,
          gap: 4,
          space: 70,
        },
        {
          ...common,
          ticks: { ...line, size: 0 },
          size: 54,
          gap: 6,
          space: 34,
          values: (_plot, splits, _axis, _space, step) => splits.map((split) => formatMark(split, step)),
          ...(log
            ? {
                splits: (_plot: uPlot, _axis: number, from: number, to: number) => logarithmicMarks(from, to),
                filter: (_plot: uPlot, splits: number[]) => splits,
                values: (_plot: uPlot, splits: number[]) => splits.map((split) => formatMark(split, split)),
              }
            : {}),
        },
      ],
      cursor: {
        y: false,
        points: { show: false },
        drag: { x: true, y: true, uni: MIN_BOTH, setScale: false },
        sync: { key: SYNC, setSeries: false, scales: ["x", null] },
        bind: {
          dblclick: () => () => {
            options.reset();
            return null;
          },
        },
      },
      hooks: {
        draw: [(plot) => options.draw(this.#canvas(plot))],
        setCursor: [
          ({ cursor }) => {
            const { left = -1, top = -1 } = cursor;
            if (this.#pointed && left >= 0) options.cursor({ left, top });
          },
        ],
        setSelect: [
          (plot) => {
            const { left, width, top, height } = plot.select;
            if (Math.max(width, height) < MIN_SELECTION || Math.min(width, height) === 0) return;
            plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
            if (!this.#pointed) return;
            const whole = this.rect;
            const of = (from: number, to: number, axis: "x" | "y") => ({
              from: plot.posToVal(from, axis),
              to: plot.posToVal(to, axis),
            });
            options.select(
              width < whole.width ? of(left, left + width, "x") : undefined,
              height < whole.height ? of(top + height, top, "y") : undefined,
            );
          },
        ],
      },
    };
  }

  /** The scales as plain sums: a million points go through them. */
  #canvas({ ctx, bbox }: uPlot): Canvas {
    const { left, top, width, height } = bbox;
    const xScale = width / (this.#x.to - this.#x.from);
    const xFrom = this.#x.from;
    const bottom = top + height;
    const of = (value: number) => (this.#log ? Math.log10(value) : value);
    const yFrom = of(this.#y.from);
    const yScale = height / (of(this.#y.to) - yFrom);
    return {
      context: ctx,
      left,
      top,
      width,
      height,
      ratio: uPlot.pxRatio,
      x: (place) => left + (place - xFrom) * xScale,
      // The logarithm of 0 is infinite and that of less is NaN: neither is drawn.
      y: this.#log
        ? (value) => bottom - (Math.log10(value) - yFrom) * yScale
        : (value) => bottom - (value - yFrom) * yScale,
    };
  }
}

function horizontal(axis: AxisName): uPlot.Axis {
  if (axis === "clock") return {};
  if (axis === "elapsed") {
    return {
      incrs: [...timeSteps()],
      values: (_plot, splits) => splits.map((split) => (split === 0 ? "0" : formatDuration(split))),
    };
  }
  return { values: (_plot, splits, _axis, _space, step) => splits.map((split) => formatMark(split, step)) };
}
