/** A long file takes no more memory than a short one, in the library and in the viewer. */
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { start, train } from "../cli/sample-logs.js";
import { chromiumIsThere, launchChromium, openPage } from "./chromium.js";
import { openPlainPage, PLAIN_PAGE } from "./plain-page.js";
import { Site } from "./site.js";

const MB = 1e6;
const SIZE = 500 * MB;
/** More of them are measurements than in real logs of that size. */
const LINES_PER_ROW = 10;
/** Only a page that is alone may measure itself. */
const ALONE = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
};

/** What the page, its worker and their process hold, in bytes. */
interface Memory {
  /** Objects, buffers and the core's memory, after a collection of garbage. */
  readonly heap: number;
  /** The browser's processes for pages, with all that they keep ready. */
  readonly process: number;
}

/** Writes a log: one start, then rows of a training with the translations that fill real logs. Returns its rows. */
function longLog(path: string): number {
  const file = openSync(path, "w");
  let size = writeSync(file, start());
  const words = "the measures that the regional session of ministers has reported were not new ".repeat(2);
  const filling = `[2024-07-03 09:00:00] Best translation 0 : ${words}\n`.repeat(LINES_PER_ROW - 1);
  let rows = 0;
  while (size < SIZE) {
    let block = "";
    for (let row = 0; row < 100; row += 1) block += train(++rows) + filling;
    size += writeSync(file, block);
  }
  closeSync(file);
  return rows;
}

/** What a page holds now. */
async function measured(page: Page): Promise<Memory> {
  const session = await page.context().browser()?.newBrowserCDPSession();
  if (session === undefined) throw new Error("no browser to ask");
  const heap = await page.evaluate(async () => {
    const measures = performance as unknown as {
      measureUserAgentSpecificMemory(): Promise<{ bytes: number }>;
    };
    return (await measures.measureUserAgentSpecificMemory()).bytes;
  });
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  await session.detach();
  const sizes = processInfo
    .filter(({ type }) => type === "renderer")
    .map(({ id }) => /VmRSS:\s*(\d+) kB/.exec(readFileSync(`/proc/${id}/status`, "utf8"))?.[1]);
  return { heap, process: sizes.reduce((sum, size) => sum + Number(size), 0) * 1024 };
}

/** Says what was measured; the figures are of use beside the limits. */
function tell(what: string, memory: readonly Memory[]): void {
  const figures = memory.map(({ heap, process }) => `${(heap / MB).toFixed(1)}, ${Math.round(process / MB)}`);
  process.stdout.write(`${what} of 500 MB, in MB (heap, processes): ${figures.join("; ")}\n`);
}

describe.skipIf(!chromiumIsThere)("a file of 500 MB", () => {
  const folder = mkdtempSync(join(tmpdir(), "long-"));
  const path = join(folder, "train.log");
  let rows = 0;
  let browser: Browser;

  beforeAll(async () => {
    rows = longLog(path);
    browser = await launchChromium("--enable-blink-features=ForceEagerMeasureMemory");
  });
  afterAll(async () => {
    await browser.close();
    rmSync(folder, { recursive: true });
  });

  test("is read by a worker in flat memory", async () => {
    await using plain = await openPlainPage(browser, {
      pages: { "/": `${PLAIN_PAGE}<input type="file">` },
      headers: ALONE,
    });
    const { page } = plain;
    const memory: Memory[] = [];
    await page.exposeFunction("measure", async () => {
      memory.push(await measured(page));
    });
    await page.setInputFiles("input", path);
    const found = await page.evaluate(async () => {
      const { tracking } = globalThis.page;
      const { measure } = globalThis as unknown as { measure(): Promise<void> };
      const file = document.querySelector("input")?.files?.[0];
      if (file === undefined) throw new Error("no file was chosen");
      let [found, read, next] = [0, 0, 0];
      const progress = ({ bytes }: { bytes: number }) => {
        read = bytes;
      };
      for await (const { training } of tracking.parseBatches(file, { progress })) {
        found += training.length;
        if (read < next) continue;
        next = read + file.size / 10;
        await measure();
      }
      return found;
    });
    tell("memory of the library in the middle", memory);
    expect(found).toBe(rows);
    expect(memory.length).toBeGreaterThan(5);
    const [first, ...later] = memory;
    for (const { heap, process } of later) {
      expect(heap).toBeLessThan(40 * MB);
      expect(process - (first?.process ?? 0)).toBeLessThan(100 * MB);
    }
  });

  test("is drawn by the viewer in less than 100 MB", async () => {
    const viewer = readFileSync(fileURLToPath(new URL("../../dist/viewer.html", import.meta.url)), "utf8");
    await using site = await Site.start({ folders: {}, pages: { "/": viewer }, headers: ALONE });
    const { page, faults } = await openPage(browser, site.url);
    await page.setInputFiles("#files", path);
    const memory: Memory[] = [];
    const cost = page.locator('[data-chart="training cost"] canvas');
    while ((await cost.count()) === 0) memory.push(await measured(page));
    memory.push(await measured(page));
    tell("memory of the viewer while it reads, and when it has drawn a log", memory);
    expect(await page.locator(".run .facts").allTextContents()).toEqual([
      `${rows.toLocaleString("en-US")} updates`,
    ]);
    for (const { heap } of memory) expect(heap).toBeLessThan(100 * MB);
    expect(faults).toEqual([]);
    expect(site.requests).toEqual(["/"]);
    await page.close();
  });
});
