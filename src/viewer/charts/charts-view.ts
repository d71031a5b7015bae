/** The charts of a page, drawn as far as they are on the screen. */

import { readPalette } from "../colors.js";
import { element } from "../dom.js";
import type { ReportModel } from "../report-model.js";
import type { RunView } from "../run-view.js";
import { type Store, type ViewState, WHOLE } from "../state.js";
import { Chart, type ChartActions, type ChartModel } from "./chart.js";
import type { ChartKind } from "./chart-kinds.js";
import { roomy, union } from "./zoom.js";

const HEADINGS: Readonly<Record<ChartKind["part"], string>> = {
  validation: "Validation",
  training: "Training",
  patterns: "Patterns",
  throughput: "Speed",
};
/** Points that are drawn at once. */
const BUDGET = 20_000;
/** Milliseconds without a change after which the other charts are drawn. */
const REST = 80;

export class ChartsView {
  readonly #host: HTMLElement;
  readonly #parts: readonly ChartKind["part"][];
  readonly #store: Store;
  readonly #report: ReportModel;
  readonly #actions: ChartActions;
  readonly #charts = new Map<string, Chart>();
  readonly #onScreen = new Set<Chart>();
  /** In the order in which they wait. */
  readonly #stale = new Set<Chart>();
  readonly #seen: IntersectionObserver;
  #kinds: readonly ChartKind[] = [];
  #views: readonly RunView[] = [];
  #models: Omit<ChartModel, "log" | "heights" | "wide"> | undefined;
  #wide: string | undefined;
  #resting: ReturnType<typeof setTimeout> | undefined;

  constructor(
    host: HTMLElement,
    parts: readonly ChartKind["part"][],
    store: Store,
    report: ReportModel,
    announce: (text: string) => void,
  ) {
    this.#host = host;
    this.#parts = parts;
    this.#store = store;
    this.#report = report;
    this.#actions = {
      zoom: (range) => store.update({ range }),
      zoomValues: (id, range) => store.update({ heights: new Map(store.state.heights).set(id, range) }),
      reset: () => store.update(WHOLE),
      toggleLog: (id) => {
        const log = new Set(store.state.log);
        if (!log.delete(id)) log.add(id);
        const heights = new Map(store.state.heights);
        heights.delete(id);
        store.update({ log, heights });
      },
      toggleWide: (id) => store.update({ wide: store.state.wide === id ? undefined : id }),
      announce,
    };
    this.#seen = new IntersectionObserver((entries) => this.#scroll(entries), { rootMargin: "150px" });
    const again = () => this.#invalidate(this.#charts.values());
    new ResizeObserver(again).observe(host);
    // Full screen changes the size of one chart alone, which is not the host's.
    document.addEventListener("fullscreenchange", again);
    addEventListener("resize", again);
  }

  /** Updates the charts to the state. */
  show(state: ViewState): void {
    if (this.#kinds !== this.#report.kinds) this.#build();
    const views = this.#visible(state);
    this.#widen(state.wide);
    const { axis, smoothing, outliers, highlight } = state;
    const full = roomy(union(views.map((view) => view.extent(axis))) ?? { from: 0, to: 1 });
    const range = state.range ?? full;
    this.#models = { views, axis, full, range, smoothing, outliers, highlight, palette: readPalette() };
    this.#invalidate(this.#charts.values());
  }

  /** Draws all charts now, also those off the screen, for printing. */
  drawAll(): void {
    for (const chart of this.#charts.values()) this.#drawOne(chart);
  }

  /** Gives one chart the full width, and keeps its position in the window. */
  #widen(wide: string | undefined): void {
    if (wide === this.#wide) return;
    const chart = this.#charts.get(wide ?? this.#wide ?? "");
    this.#wide = wide;
    const before = chart?.element.getBoundingClientRect();
    for (const [id, { element }] of this.#charts) element.classList.toggle("wide", id === wide);
    if (chart === undefined || before === undefined || before.bottom < 0 || before.top > innerHeight) return;
    scrollBy({ top: chart.element.getBoundingClientRect().top - before.top, behavior: "instant" });
    chart.element.scrollIntoView({ block: "nearest", behavior: "instant" });
  }

  /** The runs that are switched on; the same list as long as they are the same. */
  #visible({ hidden }: ViewState): readonly RunView[] {
    const views = this.#report.views.filter(({ index }) => !hidden.has(index));
    const same =
      views.length === this.#views.length && views.every((view, index) => view === this.#views[index]);
    if (!same) this.#views = views;
    return this.#views;
  }

  #build(): void {
    this.#kinds = this.#report.kinds;
    const kinds = this.#kinds.filter(({ part }) => this.#parts.includes(part));
    const ids = new Set(kinds.map(({ id }) => id));
    for (const [id, chart] of this.#charts) {
      if (ids.has(id)) continue;
      this.#seen.unobserve(chart.element);
      this.#onScreen.delete(chart);
      this.#stale.delete(chart);
      chart.destroy();
      this.#charts.delete(id);
    }
    const sections: HTMLElement[] = [];
    for (const part of this.#parts) {
      const grid = element("div", { class: "chart-grid" });
      for (const kind of kinds) if (kind.part === part) grid.append(this.#chart(kind).element);
      if (grid.childElementCount === 0) continue;
      sections.push(element("section", {}, element("h2", {}, HEADINGS[part]), grid));
    }
    this.#host.replaceChildren(...sections);
  }

  #chart(kind: ChartKind): Chart {
    const known = this.#charts.get(kind.id);
    if (known !== undefined) return known;
    const chart = new Chart(kind, this.#actions);
    this.#charts.set(kind.id, chart);
    this.#seen.observe(chart.element);
    return chart;
  }

  #scroll(entries: readonly IntersectionObserverEntry[]): void {
    for (const { target, isIntersecting } of entries) {
      const chart = [...this.#charts.values()].find(({ element }) => element === target);
      if (chart === undefined) continue;
      if (isIntersecting) this.#onScreen.add(chart);
      else this.#onScreen.delete(chart);
    }
    this.#draw();
  }

  /** Marks these charts for drawing. */
  #invalidate(charts: Iterable<Chart>): void {
    for (const chart of charts) this.#stale.add(chart);
    this.#draw();
  }

  /**
   * Draws the stale charts on the screen, the one in use first. While the user moves that one, others that take long
   * to draw wait.
   */
  #draw(): void {
    clearTimeout(this.#resting);
    const waiting = [...this.#stale].filter((chart) => this.#onScreen.has(chart));
    const used = waiting.find(({ element }) => element.matches(":hover, :focus-within"));
    let points = used === undefined ? 0 : this.#drawOne(used);
    for (const chart of waiting) {
      if (chart === used) continue;
      if (points > BUDGET) {
        this.#resting = setTimeout(() => this.#draw(), used === undefined ? 0 : REST);
        return;
      }
      points += this.#drawOne(chart);
    }
  }

  /** @returns How many points it has. */
  #drawOne(chart: Chart): number {
    if (this.#models === undefined) return 0;
    this.#stale.delete(chart);
    const { log, heights, wide } = this.#store.state;
    const { id } = chart.kind;
    return chart.show({
      ...this.#models,
      log: log.has(id),
      heights: heights.get(id),
      wide: wide === id,
    });
  }
}
