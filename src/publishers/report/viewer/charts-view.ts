/** The charts of a page, drawn as far as they are on the screen. */
import { Chart, type ChartActions, type ChartModel } from "./chart.js";
import type { ChartKind } from "./chart-kinds.js";
import { readPalette } from "./colors.js";
import { element } from "./dom.js";
import type { ReportModel } from "./report-model.js";
import type { RunView } from "./run-view.js";
import type { Store, ViewState } from "./state.js";
import { roomy, union } from "./zoom.js";

const HEADINGS: Readonly<Record<ChartKind["part"], string>> = {
  validation: "Validation",
  training: "Training",
  patterns: "Patterns",
  throughput: "Speed",
};
/** Points that are drawn at once. */
const BUDGET = 20_000;
/** Milliseconds without a change after which the chart in use rests. */
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
  #models: Omit<ChartModel, "log" | "wide"> | undefined;
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
      toggleLog: (id) => {
        const log = new Set(store.state.log);
        if (!log.delete(id)) log.add(id);
        store.update({ log });
      },
      toggleWide: (id) => store.update({ wide: store.state.wide === id ? undefined : id }),
      announce,
    };
    this.#seen = new IntersectionObserver((entries) => this.#scroll(entries), { rootMargin: "150px" });
    new ResizeObserver(() => this.#stain(this.#charts.values())).observe(host);
  }

  /** Brings the charts to the state. */
  show(state: ViewState): void {
    if (this.#kinds !== this.#report.kinds) this.#build();
    const views = this.#visible(state);
    const { axis, smoothing, highlight } = state;
    const full = roomy(union(views.map((view) => view.extent(axis))) ?? { from: 0, to: 1 });
    const range = state.range ?? full;
    this.#models = { views, axis, full, range, smoothing, highlight, palette: readPalette() };
    this.#stain(this.#charts.values());
  }

  /** The runs that are switched on; the same list as long as they are the same. */
  #visible({ hidden }: ViewState): readonly RunView[] {
    const views = this.#report.views.filter(({ run }) => !hidden.has(run.name));
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

  /** These charts no longer show what they should. */
  #stain(charts: Iterable<Chart>): void {
    for (const chart of charts) this.#stale.add(chart);
    this.#draw();
  }

  /**
   * Draws what is stale and on the screen, the chart in use first. While that one is moved, others that take long to
   * draw wait until it rests.
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
    const { log, wide } = this.#store.state;
    return chart.show({ ...this.#models, log: log.has(chart.kind.id), wide: wide === chart.kind.id });
  }
}
