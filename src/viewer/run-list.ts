/** The list of runs next to the charts, which switches them on and off. */
import { groupBy } from "../group-by.js";
import { factsOf } from "../report/run-facts.js";
import { isDark, runColor, swatch } from "./colors.js";
import { byId, element } from "./dom.js";
import { count, formatExact } from "./format.js";
import type { ReportModel } from "./report-model.js";
import type { RunView } from "./run-view.js";
import type { Store, ViewState } from "./state.js";

interface Row {
  readonly view: RunView;
  readonly element: HTMLElement;
  readonly box: HTMLInputElement;
  readonly sign: HTMLElement;
}

export class RunList {
  readonly #store: Store;
  readonly #report: ReportModel;
  readonly #list = byId("run-list", HTMLElement);
  readonly #filter = byId("filter", HTMLInputElement);
  #rows: Row[] = [];
  #shown: readonly RunView[] = [];

  constructor(store: Store, report: ReportModel) {
    this.#store = store;
    this.#report = report;
    byId("all-runs", HTMLButtonElement).addEventListener("click", () => this.switchAll(true));
    byId("no-runs", HTMLButtonElement).addEventListener("click", () => this.switchAll(false));
    this.#filter.addEventListener("input", () => this.#applyFilter());
    this.#filter.addEventListener("keydown", ({ key }) => {
      if (key !== "Escape") return;
      this.#filter.value = "";
      this.#applyFilter();
    });
  }

  /** Moves the keyboard to the filter. */
  focusFilter(): void {
    this.#filter.focus();
    this.#filter.select();
  }

  /** Switches all runs on or off that the filter lets through. */
  switchAll(on: boolean): void {
    this.#switch(
      this.#rows.filter((row) => !row.element.hidden).map(({ view }) => view),
      on,
    );
  }

  #switch(views: readonly RunView[], on: boolean): void {
    const hidden = new Set(this.#store.state.hidden);
    for (const { index } of views) {
      if (on) hidden.delete(index);
      else hidden.add(index);
    }
    this.#store.update({ hidden });
  }

  show({ hidden, highlight }: ViewState): void {
    const { views } = this.#report;
    if (views.length !== this.#shown.length || views.some((view, index) => view !== this.#shown[index]))
      this.#build();
    const dark = isDark();
    for (const { view, element, box, sign } of this.#rows) {
      const on = !hidden.has(view.index);
      box.checked = on;
      element.classList.toggle("off", !on);
      element.classList.toggle("highlit", view.index === highlight);
      sign.style.backgroundColor = runColor(view.index, dark);
    }
    const on = views.filter(({ index }) => !hidden.has(index)).length;
    byId("run-count", HTMLElement).textContent = on === views.length ? `${on}` : `${on} of ${views.length}`;
    this.#showProblems();
  }

  #build(): void {
    const { views } = this.#report;
    this.#shown = [...views];
    this.#rows = views.map((view) => this.#row(view));
    const groups = groupBy(this.#rows, ({ view: { run } }) =>
      [run.project, run.group].filter((part) => part !== undefined).join(" / "),
    );
    const blocks = [...groups].flatMap(([name, rows]) => [
      ...(name === "" ? [] : [element("h3", {}, name)]),
      ...rows.map((row) => row.element),
    ]);
    this.#list.replaceChildren(...blocks);
    this.#filter.hidden = views.length < 6;
    this.#applyFilter();
  }

  #row(view: RunView): Row {
    const { run } = view;
    const box = element("input", { type: "checkbox", "data-focus": `run ${view.index}` });
    box.addEventListener("change", () => this.#switch([view], box.checked));
    const sign = swatch(view.index, isDark());
    const only = element(
      "button",
      { type: "button", class: "small only", title: "Only this run", "data-focus": `only ${view.index}` },
      "only",
    );
    only.setAttribute("aria-label", `only ${run.name}`);
    only.addEventListener("click", () => {
      const others = this.#report.views.filter((other) => other !== view);
      this.#store.update({ hidden: new Set(others.map(({ index }) => index)) });
    });
    const label = element(
      "label",
      { title: run.source },
      box,
      sign,
      element("span", { class: "name" }, run.name),
      element("span", { class: "facts" }, ...factElements(view)),
    );
    const row = element("div", { class: "run" }, label, only);
    const highlight = (index: number | undefined) => this.#store.update({ highlight: index });
    row.addEventListener("mouseenter", () => highlight(view.index));
    row.addEventListener("mouseleave", () => highlight(undefined));
    box.addEventListener("focus", () => {
      if (box.matches(":focus-visible")) highlight(view.index);
    });
    box.addEventListener("blur", () => highlight(undefined));
    return { view, element: row, box, sign };
  }

  #applyFilter(): void {
    const wanted = this.#filter.value.trim().toLowerCase();
    for (const { view, element } of this.#rows) {
      element.hidden = !view.run.name.toLowerCase().includes(wanted);
    }
  }

  #showProblems(): void {
    const { problems } = this.#report;
    const box = byId("problems", HTMLDetailsElement);
    box.hidden = problems.length === 0;
    box.querySelector("summary")?.replaceChildren(`${count(problems.length, "input")} not shown`);
    box
      .querySelector("ul")
      ?.replaceChildren(
        ...problems.map(({ source, reason }) => element("li", {}, element("b", {}, source), `: ${reason}`)),
      );
  }
}

/** How far a run has come, and what deserves a look. */
function factElements({ run }: RunView): HTMLElement[] {
  const facts = factsOf(run);
  const elements: HTMLElement[] = [];
  if (facts.lastUpdate !== undefined)
    elements.push(element("span", {}, `${formatExact(facts.lastUpdate)} updates`));
  else elements.push(element("span", { class: "warn" }, "no update"));
  if (facts.restarts > 0) elements.push(element("span", {}, count(facts.restarts, "restart")));
  const nan = facts.nonFinite.length;
  if (nan > 0) elements.push(element("span", { class: "warn" }, `${formatExact(nan)} NaN`));
  if (run.error !== undefined)
    elements.push(element("span", { class: "warn", title: run.error }, "not whole"));
  return elements;
}
