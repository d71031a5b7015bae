/** What became of opened files that are not shown, or not whole: said where they were dropped, until it is closed. */
import type { ReportProblem } from "../report/report-data.js";
import { byId, element } from "./dom.js";

/** Names of a folder's files that are given; of more, the number is told. */
const MOST_NAMES = 5;

export class Notice {
  readonly #box = byId("notice", HTMLElement);
  #entries: ReportProblem[] = [];
  /** Since when the last reading began. */
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

  /** Forgets what was said of a file before it was opened again. */
  settle(source: string): void {
    this.#entries = this.#entries.filter((entry) => entry.source !== source);
    this.#show();
  }

  /** What has come since this was asked for last, in words for those who do not see it. */
  takeFresh(): string {
    const words = this.#fresh.map(({ source, reason }) => `${source}: ${reason}`);
    this.#fresh = [];
    return words.join(". ").replaceAll("?. ", "? ");
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
  const more = names.length - MOST_NAMES;
  return [...names.slice(0, MOST_NAMES), ...(more > 0 ? [`${more} more`] : [])].join(", ");
}
