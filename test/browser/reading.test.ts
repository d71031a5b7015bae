/** The packed package, served by a plain static server, reads logs in Chromium as it does in Node. */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromiumIsThere, launchChromium } from "./chromium.js";
import { measurementsInNode, runInNode } from "./in-node.js";
import { openPlainPage, type PlainPage } from "./plain-page.js";
import { PACKED_TRAINING, TRAINING, zstdFrame } from "./zstd-frame.js";

const fixtures = fileURLToPath(new URL("../../fixtures/", import.meta.url));
const logs = readdirSync(fixtures).filter((name) => name.endsWith(".log"));
const log = (name: string) => readFileSync(`${fixtures}${name}`);

describe.skipIf(!chromiumIsThere)("a page from a static server", () => {
  let browser: Browser;
  let plain: PlainPage;

  beforeAll(async () => {
    const packed: Record<string, Uint8Array> = { "/packed/training": PACKED_TRAINING };
    for (const name of logs) {
      packed[`/packed/${name}.gz`] = gzipSync(log(name));
      packed[`/packed/${name}.zst`] = zstdFrame(log(name));
    }
    browser = await launchChromium();
    plain = await openPlainPage(browser, {
      handle: (path, response) => {
        const bytes = packed[path];
        if (bytes !== undefined) response.end(bytes);
        return bytes !== undefined;
      },
    });
  });

  afterAll(async () => {
    await plain[Symbol.asyncDispose]();
    await browser.close();
  });

  test("loads nothing but its script before the first log", () => {
    const scripts = plain.site.requests.filter((path) => path.startsWith("/package/"));
    expect(scripts.filter((path) => /wasm$|worker|page-log|unzstd|yaml/.test(path))).toEqual([]);
  });

  describe.each(logs)("%s", (name) => {
    const url = `/fixtures/${name}`;

    test.each(["parseLog", "parseBatches"] as const)("%s: the measurements of Node", async (way) => {
      const expected = await measurementsInNode(log(name));
      for (const worker of [true, false]) {
        const { found, fault } = await plain.read({ url, way, options: { worker } });
        expect(fault).toBeUndefined();
        expect(found).toBe(expected);
      }
    });

    test("readRun: the training of Node", async () => {
      const expected = await runInNode(log(name));
      for (const worker of [true, false]) {
        const { found, fault } = await plain.read({ url, way: "readRun", options: { worker } });
        expect(fault).toBeUndefined();
        expect(found).toBe(expected);
      }
    });

    test("readUpdates: the parts of that training", async () => {
      const [{ segments, training, validation, tally }] = JSON.parse(await runInNode(log(name)));
      const { found } = await plain.read({ url, way: "readUpdates" });
      expect(JSON.parse(found)).toEqual([{ segments, training, validation, tally }]);
    });

    test.each(["gz", "zst"])("packed as %s", async (extension) => {
      const expected = await measurementsInNode(log(name));
      for (const worker of [true, false]) {
        const { found, fault } = await plain.read({
          url: `/packed/${name}.${extension}`,
          options: { worker },
        });
        expect(fault).toBeUndefined();
        expect(found).toBe(expected);
      }
    });
  });

  test.each(["blob", "file", "response", "stream", "bytes", "buffer", "view", "part", "chunks", "texts"])(
    "reads a log as %s",
    async (form) => {
      const expected = await measurementsInNode(log("train.log"));
      for (const worker of [true, false]) {
        const { found, fault } = await plain.read({ url: "/fixtures/train.log", form, options: { worker } });
        expect(fault).toBeUndefined();
        expect(found).toBe(expected);
      }
    },
  );

  test("what zstd itself has packed", async () => {
    const expected = await measurementsInNode(Buffer.from(TRAINING));
    for (const worker of [true, false]) {
      const { found, fault } = await plain.read({ url: "/packed/training", options: { worker } });
      expect(fault).toBeUndefined();
      expect(found).toBe(expected);
    }
  });

  test("patterns and a time zone", async () => {
    const options = {
      timeZone: "Europe/Paris",
      patterns: [{ name: "saving", regex: "Saving model (?P<what>weights|.*) to (?P<file>\\S+)" }],
    };
    const expected = await measurementsInNode(log("train.log"), options);
    expect(expected).toContain('"type":"pattern"');
    for (const worker of [true, false]) {
      const { found } = await plain.read({ url: "/fixtures/train.log", options: { ...options, worker } });
      expect(found).toBe(expected);
    }
  });

  test("many logs at once, a few at a time", async () => {
    const counts = await plain.page.evaluate(async () => {
      const { FORMS, tracking } = globalThis.page;
      const file = await FORMS["file"]?.("/fixtures/train.log");
      if (file === undefined) throw new Error("no file");
      const runs = await Promise.all(Array.from({ length: 40 }, () => tracking.readRun(file)));
      return runs.map(({ training }) => training.length);
    });
    expect(counts).toEqual(Array.from({ length: 40 }, () => 87));
    expect(plain.page.workers().length).toBeLessThanOrEqual(10);
  });

  test("asked nobody but its own server, and said nothing on the console", () => {
    expect(plain.faults).toEqual([]);
    expect(plain.urls.length).toBeGreaterThan(10);
    expect(plain.urls.filter((url) => !url.startsWith(`${plain.site.url}/`) && url !== "data:,")).toEqual([]);
  });
});
