/** The packed package on a plain static server, and a page without a bundler: an import map, modules as they are. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser } from "playwright-core";
import { type OpenedPage, openPage } from "./chromium.js";
import { projectWithPackage } from "./packed-package.js";
import type { ReadAnswer, ReadRequest } from "./page.js";
import { Site, type SiteOptions } from "./site.js";

export const PLAIN_PAGE = `<!doctype html>
<meta charset="utf-8">
<title>plain</title>
<link rel="icon" href="data:,">
<script type="importmap">
{ "imports": {
  "marian-tracking/browser": "/package/dist/web/browser.js",
  "marian-tracking/slim": "/package/dist/web/slim.js"
} }
</script>
<script type="module" src="/page/harness.js"></script>`;

/** An open page. */
export interface PlainPage extends OpenedPage, AsyncDisposable {
  readonly site: Site;
  /** Has the page read a log. */
  read(request: ReadRequest): Promise<ReadAnswer>;
}

let project: string | undefined;

/** Serves the package and opens the page; `/fixtures/` are the repository's. */
export async function openPlainPage(
  browser: Browser,
  { folders, ...options }: Partial<SiteOptions> = {},
): Promise<PlainPage> {
  project ??= projectWithPackage();
  const site = await Site.start({
    folders: {
      package: join(project, "node_modules/marian-tracking"),
      page: fileURLToPath(new URL("page/", import.meta.url)),
      fixtures: fileURLToPath(new URL("../../fixtures/", import.meta.url)),
      ...folders,
    },
    pages: { "/": PLAIN_PAGE },
    ...options,
  });
  const opened = await openPage(browser, site.url);
  const { page } = opened;
  return {
    ...opened,
    site,
    read: (request) => page.evaluate((asked) => globalThis.page.read(asked), request),
    async [Symbol.asyncDispose]() {
      await page.close();
      await site[Symbol.asyncDispose]();
    },
  };
}
