/** One chart with its title, its cursor and its keys. */
import { AXES, type AxisName } from "./axis.js";
import { type Canvas, drawContent } from "./chart-draw.js";
import type { ChartKind } from "./chart-kinds.js";
import { type ChartContent, chartContent } from "./chart-lines.js";
import { type Palette, runColor } from "./colors.js";
import { element } from "./dom.js";
import { count } from "./format.js";
import { nearestPoints, neighbour, type Point } from "./pick.js";
import { Plot } from "./plot.js";
import type { RunView } from "./run-view.js";
import type { Range } from "./state.js";
import { describe, describeRestart, Tooltip } from "./tooltip.js";
import { panned, zoomed } from "./zoom.js";

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
  readonly log: boolean;
  readonly wide: boolean;
  readonly highlight: string | undefined;
  readonly palette: Palette;
}

/** What a chart asks for. */
export interface ChartActions {
  zoom(range: Range | undefined): void;
  toggleLog(id: string): void;
  toggleWide(id: string): void;
  /** Says something to those who do not see the chart. */
  announce(text: string): void;
}

const HEIGHT = 230;
const WIDE_HEIGHT = 460;
/** Pixels from the end of a line within which it is still near. */
const REACH = 16;
/** Pixels within which a mark is meant. */
const MARK_REACH = 7;
/** Points that get a ring at the cursor. */
const MOST_RINGS = 10;

export class Chart {
  readonly kind: ChartKind;
  readonly element: HTMLElement;
  readonly #actions: ChartActions;
  readonly #host: HTMLElement;
  readonly #note = element("p", { class: "chart-note" });
  readonly #log: HTMLButtonElement;
  readonly #wide: HTMLButtonElement;
  readonly #tooltip = new Tooltip();
  readonly #rings = element("div", { class: "rings" });
  #plot: Plot | undefined;
  /** What the plot was made for. */
  #made = "";
  #model: ChartModel | undefined;
  /** What the content was made for. */
  #shown:
    | (Pick<ChartModel, "views" | "axis" | "range" | "smoothing"> & { readonly columns: number })
    | undefined;
  #content: ChartContent = { runs: [], values: undefined, leastPositive: undefined, points: 0 };
  #point: Point | undefined;

  constructor(kind: ChartKind, actions: ChartActions) {
    this.kind = kind;
    this.#actions = actions;
    const button = (label: string, text: string, action: (id: string) => void) => {
      const made = element("button", { type: "button", class: "small", "aria-pressed": "false" }, text);
      made.setAttribute("aria-label", `${kind.title}: ${label}`);
      made.title = label;
      made.addEventListener("click", () => action(kind.id));
      return made;
    };
    this.#log = button("logarithmic scale", "log", actions.toggleLog);
    this.#wide = button("whole width", "\u2922", actions.toggleWide);
    this.#host = element("div", {
      class: "plot",
      tabindex: 0,
      role: "group",
      "aria-roledescription": "chart",
      "aria-label": kind.title,
    });
    this.#host.append(this.#tooltip.element);
    this.#host.addEventListener("keydown", (event) => this.#key(event));
    this.#host.addEventListener("blur", () => this.#leave());
    this.#host.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    this.element = element(
      "figure",
      { class: "chart", "data-chart": kind.id },
      element("figcaption", {}, element("h3", {}, kind.title), this.#log, this.#wide),
      this.#host,
      this.#note,
    );
  }

  /**
   * Draws the chart anew. It must be in the page, because it takes the width that it gets there.
   *
   * @returns How many points were drawn.
   */
  show(model: ChartModel): number {
    this.#model = model;
    this.#log.setAttribute("aria-pressed", String(model.log));
    this.#wide.setAttribute("aria-pressed", String(model.wide));
    this.element.classList.toggle("wide", model.wide);
    const width = Math.floor(this.#host.clientWidth);
    if (width === 0) return 0;
    const height = model.wide ? WIDE_HEIGHT : HEIGHT;
    const plot = this.#open(model, width, height);
    const { views, axis, range, smoothing } = model;
    const columns = Math.max(50, Math.round(plot.rect.width));
    const shown = this.#shown;
    const same =
      views === shown?.views &&
      axis === shown.axis &&
      smoothing === shown.smoothing &&
      range.from === shown.range.from &&
      range.to === shown.range.to &&
      columns === shown.columns;
    // A run that stands out, or another theme, changes colours alone.
    if (!same)
      this.#content = chartContent({ kind: this.kind, views, axis, range, smoothing, width: columns });
    this.#shown = { views, axis, range, smoothing, columns };
    plot.show(range, this.#heights(model.log));
    this.#describe(model);
    if (this.#point !== undefined && !views.includes(this.#point.view)) this.#leave();
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
      cursor: (at) => this.#hover(at),
      select: (range) => this.#actions.zoom(range),
      reset: () => this.#actions.zoom(undefined),
    });
    this.#plot.overlay(this.#rings);
    return this.#plot;
  }

  /** The part of the values' axis that is shown, with some room. */
  #heights(log: boolean): Range {
    const { values, leastPositive } = this.#content;
    if (values === undefined || (log && leastPositive === undefined))
      return { from: log ? 1 : 0, to: log ? 10 : 1 };
    if (log) {
      const [from, to] = [leastPositive ?? 1, Math.max(values.to, leastPositive ?? 1)];
      const room = Math.max((to / from) ** 0.05, 1.02);
      return { from: from / room, to: to * room };
    }
    const room = (values.to - values.from) * 0.06 || Math.abs(values.to) * 0.1 || 1;
    return { from: values.from - room, to: values.to + room };
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
    });
  }

  /** What the chart shows, in words; and what it can't show. */
  #describe({ axis, views, log }: ChartModel): void {
    const label = AXES.find(({ name }) => name === axis)?.label.toLowerCase() ?? axis;
    const { runs } = this.#content;
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
    this.#note.textContent = notes.join(" ");
    this.#note.hidden = notes.length === 0;
  }

  #hover(at: { readonly left: number; readonly top: number } | undefined): void {
    const { plot, model } = { plot: this.#plot, model: this.#model };
    if (at === undefined || plot === undefined || model === undefined) {
      this.#leave();
      return;
    }
    const place = plot.placeAt(at.left);
    const reach = Math.abs(plot.placeAt(REACH) - plot.placeAt(0));
    const points = nearestPoints(this.#content.runs, place, reach);
    const distance = ({ x, y }: Point) => {
      const { left, top } = plot.positionOf(x, y);
      return Math.hypot((left - at.left) / 4, top - at.top);
    };
    const sorted = points
      .map((point) => ({ point, away: distance(point) }))
      .sort((one, other) => one.away - other.away)
      .map(({ point }) => point);
    this.#mark(sorted, at);
  }

  /** Shows the tooltip for these points, the first of them as the one that is meant. */
  #mark(points: readonly Point[], at: { readonly left: number; readonly top: number }): void {
    const { plot, model } = { plot: this.#plot, model: this.#model };
    const [first] = points;
    if (first === undefined || plot === undefined || model === undefined) {
      this.#leave();
      return;
    }
    this.#point = first;
    this.#tooltip.show(this.kind, model, points, this.#marksNear(plot.placeAt(at.left)), at, plot.rect);
    this.#rings.replaceChildren(
      ...points.slice(0, MOST_RINGS).map((point) => {
        const ring = element("div", { class: "ring" });
        const { left, top } = plot.positionOf(point.x, point.y);
        ring.style.transform = `translate(${left}px, ${top}px)`;
        ring.style.borderColor = runColor(point.view.index, model.palette.dark);
        return ring;
      }),
    );
  }

  /** What is marked near a place: restarts and findings of the runs that are shown, in words. */
  #marksNear(place: number): string[] {
    const { plot, model } = { plot: this.#plot, model: this.#model };
    if (plot === undefined || model === undefined) return [];
    const reach = Math.abs(plot.placeAt(MARK_REACH) - plot.placeAt(0));
    const near = (mark: { readonly place: number }) => Math.abs(mark.place - place) <= reach;
    return this.#content.runs.flatMap(({ view }) => [
      ...view
        .restarts(model.axis)
        .filter(near)
        .map((restart) => describeRestart(view, restart)),
      ...view
        .findings(this.kind, model.axis)
        .filter(near)
        .map(({ finding }) => `${view.run.name}: ${finding.words}`),
    ]);
  }

  #leave(): void {
    this.#point = undefined;
    this.#tooltip.hide();
    this.#rings.replaceChildren();
  }

  #wheel(event: WheelEvent): void {
    const model = this.#model;
    if (model === undefined || this.#plot === undefined) return;
    const { left, width } = this.#plot.rect;
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      const place = this.#plot.placeAt(event.clientX - this.#host.getBoundingClientRect().left - left);
      this.#actions.zoom(
        zoomed(model.range, 1.0015 ** (event.deltaY * (event.deltaMode === 1 ? 30 : 1)), place, model.full),
      );
    } else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      event.preventDefault();
      this.#actions.zoom(panned(model.range, (event.deltaX || event.deltaY) / width, model.full));
    }
  }

  #key(event: KeyboardEvent): void {
    const model = this.#model;
    if (model === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    const { range, full } = model;
    const center = this.#point?.x ?? (range.from + range.to) / 2;
    const actions: Readonly<Record<string, () => void>> = {
      ArrowLeft: () => (event.shiftKey ? this.#actions.zoom(panned(range, -0.2, full)) : this.#step(-1)),
      ArrowRight: () => (event.shiftKey ? this.#actions.zoom(panned(range, 0.2, full)) : this.#step(1)),
      ArrowUp: () => this.#changeRun(-1),
      ArrowDown: () => this.#changeRun(1),
      Home: () => this.#jump(range.from),
      End: () => this.#jump(range.to),
      "+": () => this.#actions.zoom(zoomed(range, 0.6, center, full)),
      "=": () => this.#actions.zoom(zoomed(range, 0.6, center, full)),
      "-": () => this.#actions.zoom(zoomed(range, 1 / 0.6, center, full)),
      "0": () => this.#actions.zoom(undefined),
      l: () => this.#actions.toggleLog(this.kind.id),
      w: () => this.#actions.toggleWide(this.kind.id),
      Escape: () => this.#leave(),
    };
    const action = actions[event.key];
    if (action === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    action();
  }

  #step(step: 1 | -1): void {
    if (this.#point === undefined) this.#jump(this.#model?.range.from ?? 0);
    else this.#read(neighbour(this.#content.runs, this.#point, step));
  }

  #jump(place: number): void {
    const reach = Number.POSITIVE_INFINITY;
    const points = nearestPoints(this.#content.runs, place, reach);
    const point = points.find(({ view }) => view === this.#point?.view) ?? points[0];
    if (point !== undefined) this.#read(point);
  }

  #changeRun(step: 1 | -1): void {
    const points = nearestPoints(this.#content.runs, this.#point?.x ?? 0, Number.POSITIVE_INFINITY);
    const at = points.findIndex(({ view }) => view === this.#point?.view);
    const next = points[(at + step + points.length) % points.length];
    if (next !== undefined) this.#read(next);
  }

  #read(point: Point): void {
    const plot = this.#plot;
    const model = this.#model;
    if (plot === undefined || model === undefined) return;
    const at = plot.positionOf(point.x, point.y);
    plot.setCursor(at.left, at.top);
    this.#mark([point], at);
    this.#actions.announce(describe(this.kind, model.axis, point));
  }
}
