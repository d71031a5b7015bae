/** The notice that says which opened files are not shown, or not completely. It stays until the user closes it. */
import type { ReportProblem } from "../report/report-data.js";
import { byId, element } from "./dom.js";

/** Names of files that are listed; the others are counted. */
const MAX_NAMES = 5;

export class Notice {
  readonly #box = byId("notice", HTMLElement);
  #entries: ReportProblem[] = [];
  /** Entries that `takeFresh` has not returned yet. */
  #fresh: ReportProblem[] = [];

  constructor(closed: () => void) {
    byId("notice-close", HTMLButtonElement).addEventListener("click", () => {
      this.#entries = [];
      this.#show();
      closed();
    });
  }

  add(source: string, reason: string): void {
    const entry = { source, reason };
    this.settle(source);
    this.#entries.push(entry);
    this.#fresh.push(entry);
    this.#show();
  }

  /** Removes the entries of a file that is opened again. */
  settle(source: string): void {
    this.#entries = this.#entries.filter((entry) => entry.source !== source);
    this.#show();
  }

  /** What was added since the last call, as text for screen readers. */
  takeFresh(): string {
    const messages = this.#fresh.map(({ source, reason }) => `${source}: ${reason}`);
    this.#fresh = [];
    return messages.join(". ").replaceAll("?. ", "? ");
  }

  #show(): void {
    this.#box.hidden = this.#entries.length === 0;
    byId("notice-list", HTMLElement).replaceChildren(
      ...this.#entries.map(({ source, reason }) =>
        element("li", {}, element("b", {}, source), `: ${reason}`),
      ),
    );
  }
}

/** Some names, and how many more there are. */
export function someNames(names: readonly string[]): string {
  const more = names.length - MAX_NAMES;
  return [...names.slice(0, MAX_NAMES), ...(more > 0 ? [`${more} more`] : [])].join(", ");
}
