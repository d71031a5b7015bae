/** One chart with its title, its cursor and its keys. */

import { type Palette, swatch } from "../colors.js";
import { element } from "../dom.js";
import { count, formatExact } from "../format.js";
import type { RunView } from "../run-view.js";
import type { Range } from "../state.js";
import { AXES, type AxisName } from "./axis.js";
import { ChartCursor } from "./chart-cursor.js";
import { type Canvas, drawContent } from "./chart-draw.js";
import type { ChartKind } from "./chart-kinds.js";
import { type ChartContent, chartContent } from "./chart-lines.js";
import { Plot } from "./plot.js";
import { onScale, panned, zoomed } from "./zoom.js";

/** What a chart shows. */
export interface ChartModel {
  /** Runs that are switched on. */
  readonly views: readonly RunView[];
  readonly axis: AxisName;
  /** The whole axis, the same for all charts. */
  readonly full: Range;
  /** The part of it that is shown. */
  readonly range: Range;
  readonly smoothing: number;
  readonly outliers: boolean;
  readonly log: boolean;
  /** The values that are zoomed into; absent for those that the chart is scaled to by itself. */
  readonly heights: Range | undefined;
  readonly wide: boolean;
  readonly highlight: number | undefined;
  readonly palette: Palette;
}

/** Actions of a chart that change the state. */
export interface ChartActions {
  zoom(range: Range | undefined): void;
  /** Shows this part of the values' axis. */
  zoomValues(id: string, range: Range): void;
  /** Shows everything again. */
  reset(): void;
  toggleLog(id: string): void;
  toggleWide(id: string): void;
  /** Passes a text to screen readers. */
  announce(text: string): void;
}

const HEIGHT = 230;
const WIDE_HEIGHT = 460;
export class Chart {
  readonly kind: ChartKind;
  readonly element: HTMLElement;
  readonly #actions: ChartActions;
  readonly #host: HTMLElement;
  readonly #legend = element("ul", { class: "legend", "aria-label": "Runs", hidden: true });
  readonly #note = element("p", { class: "chart-note" });
  readonly #log: HTMLButtonElement;
  readonly #wide: HTMLButtonElement;
  readonly #cursor: ChartCursor;
  #plot: Plot | undefined;
  /** Axis and scale of the plot. */
  #made = "";
  #model: ChartModel | undefined;
  /** What the content shows. */
  #shown:
    | (Pick<ChartModel, "views" | "axis" | "range" | "smoothing" | "outliers" | "log"> & {
        readonly columns: number;
      })
    | undefined;
  #content: ChartContent = { runs: [], values: undefined, scaled: undefined, points: 0 };
  #heights: Range = { from: 0, to: 1 };

  constructor(kind: ChartKind, actions: ChartActions) {
    this.kind = kind;
    this.#actions = actions;
    this.#cursor = new ChartCursor(
      kind,
      () => {
        const { plot, model } = { plot: this.#plot, model: this.#model };
        return plot && model && { ...model, plot, runs: this.#content.runs };
      },
      actions.announce,
    );
    const button = (label: string, text: string, action: (id: string) => void) => {
      const made = element("button", { type: "button", class: "small", "aria-pressed": "false" }, text);
      // The visible text comes first, for users who control the page by voice.
      made.setAttribute("aria-label", `${label} of ${kind.title}`);
      made.title = label;
      made.addEventListener("click", () => action(kind.id));
      return made;
    };
    this.#log = button("log scale", "log", actions.toggleLog);
    this.#wide = button("whole width", "\u2922", actions.toggleWide);
    const full = button("full screen", "", () => this.#toggleFull());
    // Not every system has the character for it.
    full.append(element("span", { class: "screen" }));
    full.removeAttribute("aria-pressed");
    full.hidden = !document.fullscreenEnabled;
    this.#host = element("div", {
      class: "plot",
      tabindex: 0,
      // The chart handles the arrow keys, even if a screen reader also uses them.
      role: "application",
      "aria-roledescription": "chart",
      "aria-label": kind.title,
    });
    this.#host.append(this.#cursor.tooltip.element);
    this.#host.addEventListener("keydown", (event) => this.#key(event));
    this.#host.addEventListener("blur", () => this.#cursor.leave());
    this.#host.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    this.element = element(
      "figure",
      { class: "chart", "data-chart": kind.id },
      element("figcaption", {}, element("h3", {}, kind.title), this.#log, this.#wide, full),
      this.#legend,
      this.#host,
      this.#note,
    );
    // Its buttons may have the keyboard, too.
    this.element.addEventListener("keydown", ({ key }) => {
      if (key === "Escape" && document.fullscreenElement === this.element) this.#toggleFull();
    });
  }

  /**
   * Draws the chart, which must be in the page, because the page decides its width.
   *
   * @returns How many points were drawn.
   */
  show(model: ChartModel): number {
    this.#model = model;
    this.#log.setAttribute("aria-pressed", String(model.log));
    this.#wide.setAttribute("aria-pressed", String(model.wide));
    const full = document.fullscreenElement === this.element;
    this.#legend.hidden = !full;
    if (full) {
      // The list of runs is out of sight.
      const shown = model.views.filter(({ run }) => this.kind.table(run) !== undefined);
      const { dark } = model.palette;
      this.#legend.replaceChildren(
        ...shown.map(({ index, run }) => element("li", {}, swatch(index, dark), run.name)),
      );
    }
    const width = Math.floor(this.#host.clientWidth);
    if (width === 0) return 0;
    const height = full ? this.#host.clientHeight : model.wide ? WIDE_HEIGHT : HEIGHT;
    const plot = this.#open(model, width, height);
    const { views, axis, range, smoothing, outliers, log } = model;
    const columns = Math.max(50, Math.round(plot.rect.width));
    const shown = this.#shown;
    const same =
      views === shown?.views &&
      axis === shown.axis &&
      smoothing === shown.smoothing &&
      outliers === shown.outliers &&
      log === shown.log &&
      range.from === shown.range.from &&
      range.to === shown.range.to &&
      columns === shown.columns;
    // A highlighted run or another theme changes only colours.
    const wanted = { views, axis, range, smoothing, outliers, log };
    if (!same) this.#content = chartContent({ kind: this.kind, ...wanted, width: columns });
    this.#shown = { ...wanted, columns };
    this.#heights = model.heights ?? roomyValues(this.#content.scaled, log);
    plot.show(range, this.#heights);
    this.#describe(model);
    this.#cursor.refresh();
    return this.#content.points;
  }

  destroy(): void {
    this.#plot?.destroy();
    this.element.remove();
  }

  #open(model: ChartModel, width: number, height: number): Plot {
    const made = `${model.axis} ${model.log} ${this.kind.id}`;
    const size = `${width} ${height}`;
    if (this.#plot !== undefined && this.#made === made) {
      if (this.#host.dataset["size"] !== size) this.#plot.resize(width, height);
      this.#host.dataset["size"] = size;
      return this.#plot;
    }
    this.#plot?.destroy();
    this.#made = made;
    this.#host.dataset["size"] = size;
    this.#plot = new Plot(this.#host, {
      axis: model.axis,
      log: model.log,
      width,
      height,
      palette: () => this.#model?.palette ?? model.palette,
      draw: (canvas) => this.#draw(canvas),
      cursor: (at) => this.#cursor.hover(at),
      select: (x, y) => {
        if (x !== undefined) this.#actions.zoom(x);
        if (y !== undefined) this.#actions.zoomValues(this.kind.id, y);
      },
      reset: () => this.#actions.reset(),
    });
    this.#plot.overlay(this.#cursor.rings);
    return this.#plot;
  }

  #draw(canvas: Canvas): void {
    const model = this.#model;
    if (model === undefined) return;
    drawContent(canvas, this.#content, {
      palette: model.palette,
      highlight: model.highlight,
      validation: this.kind.part === "validation",
      better: this.kind.better,
      restarts: ({ view }) => view.restarts(model.axis),
      findings: ({ view }) => view.findings(this.kind, model.axis),
      marks: ({ view }) => view.marks(model.axis),
    });
  }

  /** Describes what the chart shows, and what it can't show. */
  #describe({ axis, views, log, heights }: ChartModel): void {
    const label = AXES.find(({ name }) => name === axis)?.label.toLowerCase() ?? axis;
    const { runs, values, scaled } = this.#content;
    this.#host.setAttribute(
      "aria-label",
      `${this.kind.title} over ${label}, ${count(runs.length, "run")}. Arrow keys read values, plus and minus zoom.`,
    );
    const notes: string[] = [];
    const unplaced = runs.reduce((sum, run) => sum + run.unplaced, 0);
    const asked = views.some(({ run }) => this.kind.table(run) !== undefined);
    if (!asked) notes.push("No run that is switched on has such values.");
    if (unplaced > 0)
      notes.push(`${count(unplaced, "value")} without a place on this axis: ${label} are not in the log.`);
    if (log) {
      const below = runs.reduce(
        (sum, { lines }) => sum + lines.reduce((most, { y }) => most + y.filter((v) => v <= 0).length, 0),
        0,
      );
      if (below > 0) notes.push("Values of 0 and below are not on a logarithmic scale.");
    }
    if (heights === undefined && values !== undefined && scaled !== undefined) {
      const beyond = [
        ...(values.to > scaled.to ? [`up to ${formatLimit(values.to)}`] : []),
        ...(values.from < scaled.from ? [`down to ${formatLimit(values.from)}`] : []),
      ];
      if (beyond.length > 0) notes.push(`Outliers ${beyond.join(" and ")} lie beyond the scale.`);
    }
    this.#note.textContent = notes.join(" ");
    this.#note.hidden = notes.length === 0;
  }

  #wheel(event: WheelEvent): void {
    const model = this.#model;
    if (model === undefined || this.#plot === undefined) return;
    const { left, top, width } = this.#plot.rect;
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      const host = this.#host.getBoundingClientRect();
      // With Shift, some browsers turn the wheel sideways.
      const factor = 1.0015 ** ((event.deltaY || event.deltaX) * (event.deltaMode === 1 ? 30 : 1));
      if (event.shiftKey) {
        this.#zoomValues(factor, this.#plot.valueAt(event.clientY - host.top - top));
        return;
      }
      const place = this.#plot.placeAt(event.clientX - host.left - left);
      this.#zoom(zoomed(model.range, factor, place, model.full));
    } else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      event.preventDefault();
      this.#zoom(panned(model.range, (event.deltaX || event.deltaY) / width, model.full));
    }
  }

  #key(event: KeyboardEvent): void {
    const model = this.#model;
    if (model === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    const { range, full } = model;
    const center = this.#cursor.point?.x ?? (range.from + range.to) / 2;
    const actions: Readonly<Record<string, () => void>> = {
      ArrowLeft: () => (event.shiftKey ? this.#zoom(panned(range, -0.2, full)) : this.#cursor.step(-1)),
      ArrowRight: () => (event.shiftKey ? this.#zoom(panned(range, 0.2, full)) : this.#cursor.step(1)),
      ArrowUp: () => (event.shiftKey ? this.#panValues(0.2) : this.#cursor.changeRun(-1)),
      ArrowDown: () => (event.shiftKey ? this.#panValues(-0.2) : this.#cursor.changeRun(1)),
      PageUp: () => this.#zoomValues(0.6),
      PageDown: () => this.#zoomValues(1 / 0.6),
      Home: () => this.#cursor.jump(range.from),
      End: () => this.#cursor.jump(range.to),
      "+": () => this.#zoom(zoomed(range, 0.6, center, full)),
      "=": () => this.#zoom(zoomed(range, 0.6, center, full)),
      "-": () => this.#zoom(zoomed(range, 1 / 0.6, center, full)),
      "0": () => this.#actions.reset(),
      l: () => this.#actions.toggleLog(this.kind.id),
      w: () => this.#actions.toggleWide(this.kind.id),
      f: () => this.#toggleFull(),
      Escape: () => (document.fullscreenElement === null ? this.#cursor.leave() : this.#toggleFull()),
    };
    const action = actions[event.key];
    if (action === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    action();
  }

  #zoom(range: Range | undefined): void {
    // Two keys may come before the next frame.
    if (this.#model !== undefined) this.#model = { ...this.#model, range: range ?? this.#model.full };
    this.#actions.zoom(range);
  }

  /** Zooms the values, around the chosen point, or the middle. */
  #zoomValues(factor: number, around = this.#cursor.point?.smooth ?? this.#cursor.point?.y): void {
    const log = this.#model?.log ?? false;
    const { from, to } = this.#heights;
    const inside = around !== undefined && around > from && around < to;
    const middle = log ? Math.sqrt(from * to) : (from + to) / 2;
    const center = inside ? around : middle;
    this.#changeValues((shown, full) => zoomed(shown, factor, log ? Math.log10(center) : center, full));
  }

  #panValues(share: number): void {
    this.#changeValues((shown, full) => panned(shown, share, full));
  }

  #changeValues(change: (shown: Range, full: Range) => Range | undefined): void {
    const log = this.#model?.log ?? false;
    const whole = roomyValues(this.#content.values, log);
    const { from, to } = this.#heights;
    const full = { from: Math.min(whole.from, from), to: Math.max(whole.to, to) };
    const changed = onScale(log, [this.#heights, full], (shown, all) => change(shown, all) ?? all);
    // Two keys may come before the next frame.
    this.#heights = changed;
    this.#actions.zoomValues(this.kind.id, changed);
  }

  #toggleFull(): void {
    const change =
      document.fullscreenElement === null ? this.element.requestFullscreen() : document.exitFullscreen();
    // A page inside another one may not be allowed to.
    change.catch(() => this.#actions.announce("The browser does not allow full screen here."));
  }
}

/** Values with some room at their ends. */
function roomyValues(values: Range | undefined, log: boolean): Range {
  if (values === undefined) return { from: log ? 1 : 0, to: log ? 10 : 1 };
  const { from, to } = values;
  if (log) {
    const room = Math.max((to / from) ** 0.05, 1.02);
    return { from: from / room, to: to * room };
  }
  const room = (to - from) * 0.06 || Math.abs(to) * 0.1 || 1;
  return { from: from - room, to: to + room };
}

/** A value in few digits. */
function formatLimit(value: number): string {
  return formatExact(Number(value.toPrecision(4)));
}
