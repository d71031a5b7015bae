/** Pages that forbid much, and servers that know little. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromiumIsThere, launchChromium } from "./chromium.js";
import { measurementsInNode } from "./in-node.js";
import { LOG, LOG_URL } from "./odd-answers.js";
import { openPlainPage, PLAIN_PAGE, type PlainPage } from "./plain-page.js";

describe.skipIf(!chromiumIsThere)("a page with less", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser.close());

  const readsTheFixture = async (plain: PlainPage) => {
    const { found, fault } = await plain.read({ url: LOG_URL });
    expect(fault).toBeUndefined();
    expect(found).toBe(await measurementsInNode(LOG));
  };

  test("a strict policy of what may be loaded", async () => {
    const policy =
      "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; img-src data:";
    await using plain = await openPlainPage(browser, {
      headers: { "content-security-policy": policy },
      pages: {
        "/": '<!doctype html><link rel="icon" href="data:,"><script type="module" src="/strict.js"></script>',
      },
      handle: (path, response) => {
        if (path !== "/strict.js") return false;
        response.setHeader("content-type", "text/javascript");
        response.end(`
          import { parseLog } from "/package/dist/web/browser.js";
          globalThis.page = { read: async ({ url }) => {
            const found = [];
            for await (const measurement of parseLog(await (await fetch(url)).blob())) found.push(measurement);
            return { found: JSON.stringify(found) };
          } };`);
        return true;
      },
    });
    await readsTheFixture(plain);
    expect(plain.page.workers()).toHaveLength(1);
    expect(plain.faults).toEqual([]);
  });

  test("a policy that forbids workers", async () => {
    await using plain = await openPlainPage(browser, {
      headers: { "content-security-policy": "worker-src 'none'" },
    });
    await readsTheFixture(plain);
    expect(plain.page.workers()).toHaveLength(0);
  });

  test("no worker's script on the server", async () => {
    await using plain = await openPlainPage(browser, {
      handle: (path, response) => {
        if (!path.endsWith("/worker.js")) return false;
        // As servers of applications with one page do.
        response.setHeader("content-type", "text/html");
        response.end(PLAIN_PAGE);
        return true;
      },
    });
    await readsTheFixture(plain);
    await readsTheFixture(plain);
    expect(plain.site.requests.filter((path) => path.endsWith("/worker.js"))).toHaveLength(1);
  });

  test("a server that knows no wasm", async () => {
    await using plain = await openPlainPage(browser, { types: { ".wasm": "text/plain" } });
    await readsTheFixture(plain);
    expect(plain.faults).toEqual([]);
  });

  test("no core on the server: the error says so, and the next log tries again", async () => {
    let missing = true;
    await using plain = await openPlainPage(browser, {
      handle: (path, response) => {
        if (!missing || !path.endsWith(".wasm")) return false;
        response.writeHead(404).end();
        return true;
      },
    });
    const { fault } = await plain.read({ url: LOG_URL });
    expect(fault?.message).toMatch(/core could not be fetched: http.*wasm answered 404/);
    missing = false;
    await readsTheFixture(plain);
  });

  test("something else in place of the core", async () => {
    await using plain = await openPlainPage(browser, {
      handle: (path, response) => {
        if (!path.endsWith(".wasm")) return false;
        response.setHeader("content-type", "text/html");
        response.end(PLAIN_PAGE);
        return true;
      },
    });
    const { fault } = await plain.read({ url: LOG_URL });
    expect(fault?.message).toMatch(/core could not be fetched: http.*wasm is not WebAssembly but text.html/);
  });
});
