/** Chromium, as Debian's package `chromium` installs it, or at `CHROMIUM`. */
import { existsSync } from "node:fs";
import { type Browser, chromium, type Page } from "playwright-core";

const path = process.env["CHROMIUM"] ?? "/usr/bin/chromium";

/** Whether there is one; says so once where there is none. */
export const chromiumIsThere = existsSync(path);
if (!chromiumIsThere)
  process.stdout.write(`skipped: no Chromium at ${path} (apt-get install chromium, or set CHROMIUM)\n`);

/** Starts it with a fresh profile. */
export function launchChromium(...flags: string[]): Promise<Browser> {
  return chromium.launch({
    executablePath: path,
    headless: true,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      ...flags,
    ],
  });
}

/** A page, and what happened in it. */
export interface OpenedPage {
  readonly page: Page;
  /** What it complained of. */
  readonly faults: readonly string[];
  /** What it asked for, of any server. */
  readonly urls: readonly string[];
}

/** Opens a page. */
export async function openPage(browser: Browser, url: string): Promise<OpenedPage> {
  const page = await browser.newPage();
  const faults: string[] = [];
  const urls: string[] = [];
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("request", (request) => urls.push(request.url()));
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) faults.push(message.text());
  });
  await page.goto(url);
  return { page, faults, urls };
}
