/** A long file takes no more memory than a short one. */
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromiumIsThere, launchChromium } from "./chromium.js";
import { openPlainPage, PLAIN_PAGE } from "./plain-page.js";

const MB = 1e6;
const SIZE = 200 * MB;

/** What the page, its worker and their process hold, in bytes. */
interface Memory {
  /** Bytes of the file read at that time. */
  readonly at: number;
  /** Objects and buffers, after a collection of garbage. */
  readonly heap: number;
  /** The browser's processes for pages, with all that they keep ready. */
  readonly process: number;
}

/** A log of 200 MB: one start, then the lines of a training again and again. */
function longLog(path: string): void {
  const lines = readFileSync(
    fileURLToPath(new URL("../../fixtures/train.log", import.meta.url)),
    "utf8",
  ).split("\n");
  const file = openSync(path, "w");
  writeSync(file, lines.filter((line) => line.includes("] [")).join("\n"));
  const rows = lines.filter((line) => / Ep\. | Best translation /.test(line)).join("\n");
  const block = Buffer.from(`${rows}\n`.repeat(Math.ceil(MB / rows.length)));
  for (let size = 0; size < SIZE; size += block.length) writeSync(file, block);
  closeSync(file);
}

describe.skipIf(!chromiumIsThere)("a file of 200 MB", () => {
  const folder = mkdtempSync(join(tmpdir(), "long-"));
  let browser: Browser;

  beforeAll(async () => {
    longLog(join(folder, "train.log"));
    browser = await launchChromium("--enable-blink-features=ForceEagerMeasureMemory");
  });
  afterAll(async () => {
    await browser.close();
    rmSync(folder, { recursive: true });
  });

  test("is read by a worker in flat memory", async () => {
    await using plain = await openPlainPage(browser, {
      pages: { "/": `${PLAIN_PAGE}<input type="file">` },
      // Only a page that is alone may measure itself.
      headers: {
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-embedder-policy": "require-corp",
      },
    });
    const session = await browser.newBrowserCDPSession();
    const processSize = async () => {
      const { processInfo } = await session.send("SystemInfo.getProcessInfo");
      const sizes = processInfo
        .filter(({ type }) => type === "renderer")
        .map(({ id }) => /VmRSS:\s*(\d+) kB/.exec(readFileSync(`/proc/${id}/status`, "utf8"))?.[1]);
      return sizes.reduce((sum, size) => sum + Number(size), 0) * 1024;
    };
    await plain.page.exposeFunction("processSize", processSize);
    await plain.page.setInputFiles("input", join(folder, "train.log"));
    const { rows, memory } = await plain.page.evaluate(async () => {
      const { tracking } = globalThis.page;
      const measures = performance as unknown as {
        measureUserAgentSpecificMemory(): Promise<{ bytes: number }>;
      };
      const { processSize } = globalThis as unknown as { processSize(): Promise<number> };
      const file = document.querySelector("input")?.files?.[0];
      if (file === undefined) throw new Error("no file was chosen");
      const memory: Memory[] = [];
      let rows = 0;
      let read = 0;
      const progress = ({ bytes }: { bytes: number }) => {
        read = bytes;
      };
      for await (const { training } of tracking.parseBatches(file, { progress })) {
        rows += training.length;
        if (read < ((memory.length + 1) * file.size) / 10) continue;
        const { bytes } = await measures.measureUserAgentSpecificMemory();
        memory.push({ at: read, heap: bytes, process: await processSize() });
      }
      return { rows, memory };
    });
    process.stdout.write(
      `memory while 200 MB are read, in MB (at: heap, processes): ${memory
        .map(
          (now) =>
            `${Math.round(now.at / MB)}: ${(now.heap / MB).toFixed(1)}, ${Math.round(now.process / MB)}`,
        )
        .join("; ")}\n`,
    );
    expect(rows).toBeGreaterThan(100_000);
    expect(memory.length).toBeGreaterThan(5);
    const [first, ...later] = memory;
    for (const { heap, process } of later) {
      expect(heap).toBeLessThan(40 * MB);
      expect(process - (first?.process ?? 0)).toBeLessThan(100 * MB);
    }
  });
});
