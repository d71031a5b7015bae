/** Real logs, read in a page to exactly what Node gives. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { publishedLogs, shared, sharedIsThere } from "../golden/shared.js";
import { chromiumIsThere, launchChromium } from "./chromium.js";
import { measurementsInNode, runInNode } from "./in-node.js";
import { openPlainPage, type PlainPage } from "./plain-page.js";

describe.skipIf(!chromiumIsThere || !sharedIsThere)("real logs in a page", () => {
  const logs = publishedLogs();
  let browser: Browser;
  let plain: PlainPage;

  beforeAll(async () => {
    browser = await launchChromium();
    plain = await openPlainPage(browser, { folders: { logs: shared("logs") } });
  });
  afterAll(async () => {
    await plain[Symbol.asyncDispose]();
    await browser.close();
  });

  test("there are more than a hundred", () => expect(logs.length).toBeGreaterThan(100));

  test.each(logs)("%s is read as in Node", async (file) => {
    const url = `/logs/${file.split("/").map(encodeURIComponent).join("/")}`;
    const measurements = await plain.read({ url });
    expect(measurements.fault).toBeUndefined();
    expect(measurements.found).toBe(await measurementsInNode(shared(`logs/${file}`)));
    const run = await plain.read({ url, way: "readRun" });
    expect(run.fault).toBeUndefined();
    expect(run.found).toBe(await runInNode(shared(`logs/${file}`)));
  });
});
