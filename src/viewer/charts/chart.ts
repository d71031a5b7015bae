/** One chart with its title, its cursor and its keys. */

import { type Palette, runColor, swatch } from "../colors.js";
import { element } from "../dom.js";
import { count, formatExact } from "../format.js";
import type { RunView } from "../run-view.js";
import type { Range } from "../state.js";
import { AXES, type AxisName } from "./axis.js";
import { type Canvas, drawContent } from "./chart-draw.js";
import type { ChartKind } from "./chart-kinds.js";
import { type ChartContent, chartContent } from "./chart-lines.js";
import { Plot } from "./plot.js";
import { nearestPoints, neighbour, type Point, samePoint } from "./points.js";
import { describe, describeRestart, Tooltip } from "./tooltip.js";
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

/** What a chart asks for. */
export interface ChartActions {
  zoom(range: Range | undefined): void;
  /** Shows this part of the values' axis. */
  zoomValues(id: string, range: Range): void;
  /** Shows everything again. */
  reset(): void;
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
  readonly #legend = element("ul", { class: "legend", "aria-label": "Runs", hidden: true });
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
    | (Pick<ChartModel, "views" | "axis" | "range" | "smoothing" | "outliers" | "log"> & {
        readonly columns: number;
      })
    | undefined;
  #content: ChartContent = { runs: [], values: undefined, scaled: undefined, points: 0 };
  #heights: Range = { from: 0, to: 1 };
  /** The point that is meant. */
  #point: Point | undefined;
  /** Where the pointer is; absent where it is elsewhere, or keys have chosen the point. */
  #pointer: { readonly left: number; readonly top: number } | undefined;

  constructor(kind: ChartKind, actions: ChartActions) {
    this.kind = kind;
    this.#actions = actions;
    const button = (label: string, text: string, action: (id: string) => void) => {
      const made = element("button", { type: "button", class: "small", "aria-pressed": "false" }, text);
      // What is seen comes first: that is what somebody says who speaks to the page.
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
      // Its arrow keys are its own, also where a screen reader has some.
      role: "application",
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
   * Draws the chart anew. It must be in the page, because it takes the width that it gets there.
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
    // A run that stands out, or another theme, changes colours alone.
    const wanted = { views, axis, range, smoothing, outliers, log };
    if (!same) this.#content = chartContent({ kind: this.kind, ...wanted, width: columns });
    this.#shown = { ...wanted, columns };
    this.#heights = model.heights ?? roomyValues(this.#content.scaled, log);
    plot.show(range, this.#heights);
    this.#describe(model);
    this.#refresh();
    return this.#content.points;
  }

  /** Puts cursor, rings and tooltip where the point is now, after the chart has changed below them. */
  #refresh(): void {
    const { plot, point } = { plot: this.#plot, point: this.#point };
    if (plot === undefined || point === undefined) return;
    const now = this.#pointer === undefined ? samePoint(this.#content.runs, point) : undefined;
    if (now !== undefined) this.#showAt(now);
    else if (this.#pointer !== undefined) this.#hover(this.#pointer);
    else this.#leave();
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
      select: (x, y) => {
        if (x !== undefined) this.#actions.zoom(x);
        if (y !== undefined) this.#actions.zoomValues(this.kind.id, y);
      },
      reset: () => this.#actions.reset(),
    });
    this.#plot.overlay(this.#rings);
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

  /** What the chart shows, in words; and what it can't show. */
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

  #hover(at: { readonly left: number; readonly top: number } | undefined): void {
    const { plot, model } = { plot: this.#plot, model: this.#model };
    if (at === undefined || plot === undefined || model === undefined) {
      this.#leave();
      return;
    }
    this.#pointer = at;
    const place = plot.placeAt(at.left);
    const reach = Math.abs(plot.placeAt(REACH) - plot.placeAt(0));
    const points = nearestPoints(this.#content.runs, place, reach);
    const distance = ({ x, y, smooth }: Point) => {
      const { left, top } = plot.positionOf(x, smooth ?? y);
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
      ...view
        .marks(model.axis)
        .filter(near)
        .map(({ text }) => `${view.run.name}: ${text}`),
    ]);
  }

  #leave(): void {
    this.#point = undefined;
    this.#pointer = undefined;
    this.#tooltip.hide();
    this.#rings.replaceChildren();
    this.#plot?.hideCursor();
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
    const center = this.#point?.x ?? (range.from + range.to) / 2;
    const actions: Readonly<Record<string, () => void>> = {
      ArrowLeft: () => (event.shiftKey ? this.#zoom(panned(range, -0.2, full)) : this.#step(-1)),
      ArrowRight: () => (event.shiftKey ? this.#zoom(panned(range, 0.2, full)) : this.#step(1)),
      ArrowUp: () => (event.shiftKey ? this.#panValues(0.2) : this.#changeRun(-1)),
      ArrowDown: () => (event.shiftKey ? this.#panValues(-0.2) : this.#changeRun(1)),
      PageUp: () => this.#zoomValues(0.6),
      PageDown: () => this.#zoomValues(1 / 0.6),
      Home: () => this.#jump(range.from),
      End: () => this.#jump(range.to),
      "+": () => this.#zoom(zoomed(range, 0.6, center, full)),
      "=": () => this.#zoom(zoomed(range, 0.6, center, full)),
      "-": () => this.#zoom(zoomed(range, 1 / 0.6, center, full)),
      "0": () => this.#actions.reset(),
      l: () => this.#actions.toggleLog(this.kind.id),
      w: () => this.#actions.toggleWide(this.kind.id),
      f: () => this.#toggleFull(),
      Escape: () => (document.fullscreenElement === null ? this.#leave() : this.#toggleFull()),
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
    const model = this.#model;
    if (this.#plot === undefined || model === undefined) return;
    this.#point = point;
    this.#pointer = undefined;
    this.#showAt(point);
    this.#actions.announce(describe(this.kind, model.axis, point));
  }

  /** Shows the cursor at a point; nothing of it where the point is out of sight. */
  #showAt(point: Point): void {
    const plot = this.#plot;
    const model = this.#model;
    if (plot === undefined || model === undefined) return;
    if (point.x < model.range.from || point.x > model.range.to) {
      this.#tooltip.hide();
      this.#rings.replaceChildren();
      plot.hideCursor();
      return;
    }
    const at = plot.positionOf(point.x, point.y);
    plot.setCursor(at.left, at.top);
    this.#mark([point], at);
  }

  /** Zooms the values, around the point that is meant, or the middle. */
  #zoomValues(factor: number, around = this.#point?.smooth ?? this.#point?.y): void {
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
    // A page that is part of another one may be denied it.
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
