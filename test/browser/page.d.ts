/** What `page/harness.js` gives a page. */
import type * as tracking from "../../src/browser.js";
import type * as slimEntry from "../../src/slim.js";

/** What is asked of the page. */
export interface ReadRequest {
  readonly url: string;
  readonly form?: string;
  readonly way?: "parseLog" | "parseBatches" | "readUpdates" | "readRun";
  readonly options?: object;
}

/** What came of it; `found` and `run` are JSON. */
export interface ReadAnswer {
  readonly found: string;
  readonly told: readonly tracking.Progress[];
  readonly fault?: {
    readonly name: string;
    readonly message: string;
    readonly input: boolean;
    readonly run?: string;
  };
}

declare global {
  /** Where the page has that entry too. */
  var slim: typeof slimEntry;
  var page: {
    readonly tracking: typeof tracking;
    readonly FORMS: Readonly<Record<string, (url: string) => Promise<tracking.WebLogInput>>>;
    asText(value: unknown): string;
    read(request: ReadRequest & { library?: unknown }): Promise<ReadAnswer>;
  };
}
