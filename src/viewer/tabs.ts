/** The pages of the viewer, as tabs. */
import { byId } from "./dom.js";
import { type Store, TABS, type TabName, type ViewState } from "./state.js";

export class Tabs {
  readonly #bar = byId("tabs", HTMLElement);
  readonly #tabs = TABS.map((name) => ({
    name,
    button: byId(`tab-${name}`, HTMLButtonElement),
    panel: byId(`panel-${name}`, HTMLElement),
  }));

  #shown: TabName | undefined;

  constructor(store: Store) {
    for (const { name, button } of this.#tabs)
      button.addEventListener("click", () => store.update({ tab: name }));
    this.#bar.addEventListener("keydown", (event) => {
      const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
      if (step === 0) return;
      event.preventDefault();
      const at = TABS.indexOf(store.state.tab);
      const next = this.#tabs[(at + step + TABS.length) % TABS.length];
      if (next === undefined) return;
      store.update({ tab: next.name });
      next.button.focus();
    });
  }

  show({ tab }: ViewState, empty: boolean): void {
    this.#bar.hidden = empty;
    const changed = this.#shown !== tab;
    this.#shown = tab;
    for (const { name, button, panel } of this.#tabs) {
      const chosen: TabName | undefined = empty ? undefined : tab;
      button.setAttribute("aria-selected", String(name === chosen));
      button.tabIndex = name === tab ? 0 : -1;
      panel.hidden = name !== chosen;
      // On a narrow screen, scroll the tab into view without scrolling the page.
      if (changed && name === chosen) {
        const { offsetLeft: left, offsetWidth: width } = button;
        const { scrollLeft, clientWidth } = this.#bar;
        this.#bar.scrollLeft = Math.min(left, Math.max(scrollLeft, left + width - clientWidth));
      }
    }
  }
}
