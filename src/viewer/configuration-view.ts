/** The configurations of two runs, side by side. */
import { compareSettings, type Setting, settingsOf } from "../report/settings.js";
import { tableBox } from "./data-table.js";
import { byId, element, emptyPanel } from "./dom.js";
import { count } from "./format.js";
import type { ReportModel } from "./report-model.js";
import type { ViewState } from "./state.js";

interface Choice {
  readonly label: string;
  readonly run: string;
  readonly settings: ReadonlyMap<string, string>;
}

/** Two choices and what differs between them. */
export class ConfigurationView {
  readonly #host = byId("panel-configuration", HTMLElement);
  readonly #left = element("select", { id: "config-left" });
  readonly #right = element("select", { id: "config-right" });
  readonly #only = element("input", { type: "checkbox", id: "config-only" });
  readonly #filter = element("input", {
    type: "search",
    id: "config-filter",
    placeholder: "Filter",
    "aria-label": "Filter settings",
  });
  readonly #count = element("span", { class: "muted", role: "status" });
  readonly #table = element("div");
  #choices: readonly Choice[] = [];
  #labels = "";

  constructor() {
    this.#only.checked = true;
    for (const control of [this.#left, this.#right, this.#only])
      control.addEventListener("change", () => this.#compare());
    this.#filter.addEventListener("input", () => this.#compare());
  }

  show({ views }: ReportModel, { hidden }: ViewState): void {
    this.#choices = views
      .filter(({ index }) => !hidden.has(index))
      .flatMap(({ run }) => {
        const starts = run.segments.filter(
          ({ config, arguments: given }) => config !== undefined || given !== undefined,
        );
        return starts.map((segment) => ({
          label: starts.length === 1 ? run.name : `${run.name}, start ${segment.segment + 1}`,
          run: run.name,
          settings: settingsOf(segment),
        }));
      });
    const labels = JSON.stringify(this.#choices.map(({ label }) => label));
    if (labels !== this.#labels || this.#host.childElementCount === 0) {
      this.#labels = labels;
      this.#build();
    }
  }

  #build(): void {
    if (this.#choices.length === 0) {
      this.#host.replaceChildren(
        ...emptyPanel("Configuration", "These logs show no configuration of Marian's."),
      );
      return;
    }
    const chosen = [this.#left, this.#right].map(({ selectedOptions }) => selectedOptions[0]?.textContent);
    for (const [index, select] of [this.#left, this.#right].entries()) {
      select.replaceChildren(
        ...this.#choices.map(({ label }, choice) => element("option", { value: choice }, label)),
      );
      const known = this.#choices.findIndex(({ label }) => label === chosen[index]);
      select.value = String(known === -1 ? this.#otherRun(index) : known);
    }
    this.#host.replaceChildren(
      element("h2", {}, "Configuration"),
      element(
        "div",
        { class: "toolbar" },
        element("label", {}, "Left ", this.#left),
        element("label", {}, "Right ", this.#right),
        element("label", {}, this.#only, " differences only"),
        this.#filter,
        this.#count,
      ),
      this.#table,
    );
    this.#compare();
  }

  /** The first run on the left, another one on the right, each as it was started last; of a run alone its two ends. */
  #otherRun(side: number): number {
    const runs = [...new Set(this.#choices.map(({ run }) => run))];
    if (runs.length === 1) return side === 0 ? 0 : this.#choices.length - 1;
    return this.#choices.findLastIndex(({ run }) => run === runs[side]);
  }

  #compare(): void {
    const left = this.#choices[Number(this.#left.value)];
    const right = this.#choices[Number(this.#right.value)];
    if (left === undefined || right === undefined) return;
    const all = compareSettings([left.settings, right.settings]);
    const wanted = this.#filter.value.trim().toLowerCase();
    const differing = all.filter(({ differs }) => differs);
    const alone = left === right;
    const shown = (this.#only.checked && !alone ? differing : all).filter(({ key }) =>
      key.toLowerCase().includes(wanted),
    );
    this.#count.textContent = alone
      ? count(all.length, "setting")
      : `${count(differing.length, "difference")} of ${count(all.length, "setting")}`;
    this.#table.replaceChildren(settingsTable(shown, left.label, alone ? undefined : right.label));
  }
}

function settingsTable(rows: readonly Setting[], left: string, right: string | undefined): HTMLElement {
  const cell = (value: string | undefined, differs: boolean) =>
    element(
      "td",
      { class: differs ? "differs" : undefined },
      value ?? element("span", { class: "muted" }, "not set"),
    );
  const body = rows.map(({ key, values: [one, other], differs }) =>
    element(
      "tr",
      {},
      element("th", { scope: "row" }, key),
      cell(one, differs && right !== undefined),
      ...(right === undefined ? [] : [cell(other, differs)]),
    ),
  );
  const heads = ["Setting", left, ...(right === undefined ? [] : [right])];
  return tableBox(
    "Settings",
    { class: "table-box settings" },
    heads.map((text) => element("th", { scope: "col" }, text)),
    element("tbody", {}, ...body),
  );
}
