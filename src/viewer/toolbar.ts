/** What all charts have in common: axis, smoothing, scales, zoom. */
import { AXES, type AxisName } from "./charts/axis.js";
import { byId, element } from "./dom.js";
import { formatPlace } from "./format.js";
import type { ReportModel } from "./report-model.js";
import { type Store, type ViewState, WHOLE } from "./state.js";

const SMOOTHING_STEP = 0.1;

export class Toolbar {
  readonly #store: Store;
  readonly #report: ReportModel;
  readonly #axis = byId("axis", HTMLSelectElement);
  readonly #smoothing = byId("smoothing", HTMLInputElement);
  readonly #value = byId("smoothing-value", HTMLOutputElement);
  readonly #log = byId("log-all", HTMLButtonElement);
  readonly #outliers = byId("outliers", HTMLButtonElement);
  readonly #reset = byId("reset-zoom", HTMLButtonElement);
  readonly #range = byId("shown-range", HTMLElement);

  constructor(store: Store, report: ReportModel) {
    this.#store = store;
    this.#report = report;
    this.#axis.append(...AXES.map(({ name, label }) => element("option", { value: name }, label)));
    this.#axis.addEventListener("change", () => this.#setAxis(this.#axis.value as AxisName));
    this.#smoothing.addEventListener("input", () =>
      store.update({ smoothing: this.#smoothing.valueAsNumber }),
    );
    this.#log.addEventListener("click", () => this.toggleLog());
    this.#outliers.addEventListener("click", () => this.toggleOutliers());
    this.#reset.addEventListener("click", () => store.update(WHOLE));
  }

  show(state: ViewState): void {
    const { axis, smoothing, range, heights, outliers } = state;
    this.#axis.value = axis;
    for (const option of Array.from(this.#axis.options)) {
      // An axis that no log knows would be empty.
      option.disabled = !this.#report.views.some(
        (view) => view.extent(option.value as AxisName) !== undefined,
      );
    }
    this.#smoothing.value = String(smoothing);
    this.#value.textContent = smoothing.toFixed(2);
    this.#log.setAttribute("aria-pressed", String(this.#allLog));
    this.#outliers.setAttribute("aria-pressed", String(outliers));
    // Not switched off as such: it would lose the keyboard.
    this.#reset.setAttribute("aria-disabled", String(range === undefined && heights.size === 0));
    const clock = this.#report.views.find(({ run }) => run.clock !== undefined)?.run.clock;
    const round = (place: number) => (axis === "epoch" ? place : Math.round(place));
    const label = (place: number) => formatPlace(axis, round(place), clock);
    this.#range.textContent = range === undefined ? "" : `${label(range.from)} to ${label(range.to)}`;
  }

  nextAxis(): void {
    const options = Array.from(this.#axis.options).filter(({ disabled }) => !disabled);
    const at = options.findIndex(({ value }) => value === this.#store.state.axis);
    const next = options[(at + 1) % options.length];
    if (next !== undefined) this.#setAxis(next.value as AxisName);
  }

  toggleLog(): void {
    const log = this.#allLog ? [] : this.#report.kinds.map(({ id }) => id);
    this.#store.update({ log: new Set(log), heights: WHOLE.heights });
  }

  toggleOutliers(): void {
    this.#store.update({ outliers: !this.#store.state.outliers, heights: WHOLE.heights });
  }

  changeSmoothing(direction: 1 | -1): void {
    const { smoothing } = this.#store.state;
    const changed = Math.round((smoothing + direction * SMOOTHING_STEP) * 10) / 10;
    this.#store.update({ smoothing: Math.min(0.99, Math.max(0, changed)) });
  }

  get #allLog(): boolean {
    const { log } = this.#store.state;
    return this.#report.kinds.length > 0 && this.#report.kinds.every(({ id }) => log.has(id));
  }

  #setAxis(axis: AxisName): void {
    this.#store.update({ axis, range: undefined });
  }
}
