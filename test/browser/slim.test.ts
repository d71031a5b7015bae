/** The entry to which the page brings everything. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromiumIsThere, launchChromium } from "./chromium.js";
import { runInNode } from "./in-node.js";
import { LOG } from "./odd-answers.js";
import { openPlainPage, PLAIN_PAGE, type PlainPage } from "./plain-page.js";

describe.skipIf(!chromiumIsThere)("the slim entry", () => {
  let browser: Browser;
  let plain: PlainPage;
  beforeAll(async () => {
    browser = await launchChromium();
    plain = await openPlainPage(browser, {
      pages: { "/": `${PLAIN_PAGE}<script type="module" src="/page/slim.js"></script>` },
      handle: (path, response) => {
        if (path !== "/breaks-down.js") return false;
        response.setHeader("content-type", "text/javascript");
        response.end('postMessage({ type: "ready" }); onmessage = () => { throw new Error("no more"); };');
        return true;
      },
    });
  });
  afterAll(async () => {
    await plain[Symbol.asyncDispose]();
    await browser.close();
  });

  test("needs the core, and loads nothing by itself", async () => {
    const before = plain.urls.length;
    const answer = await plain.page.evaluate(async () => {
      const { slim } = globalThis;
      const { FORMS, asText } = globalThis.page;
      const file = (await FORMS["file"]?.("/fixtures/train.log")) as File;
      const without = await slim.readRun(file).catch((error: Error) => error.message);
      const core = await (await fetch("/package/wasm/marian_log_wasm_bg.wasm")).arrayBuffer();
      await slim.init(core);
      const run = asText([await slim.readRun(file)]);
      const parser = new slim.LogParser();
      const rows = parser.feed(await file.bytes()).training.length;
      return { without, run, rows };
    });
    expect(answer.without).toContain("init(bytes of marian_log.wasm)");
    expect(answer.run).toBe(await runInNode(LOG));
    expect(answer.rows).toBeGreaterThan(80);
    expect(plain.urls.slice(before).map((url) => new URL(url).pathname)).toEqual([
      "/fixtures/train.log",
      "/package/wasm/marian_log_wasm_bg.wasm",
    ]);
    expect(plain.page.workers()).toHaveLength(0);
  });

  test("takes a compiled core and makes workers where it is told how", async () => {
    await plain.page.reload();
    const run = await plain.page.evaluate(async () => {
      const { slim } = globalThis;
      const { FORMS, asText } = globalThis.page;
      const core = await WebAssembly.compileStreaming(fetch("/package/wasm/marian_log_wasm_bg.wasm"));
      const worker = () => new Worker("/package/dist/web/worker-zstd.js");
      await slim.init(core, { worker });
      return asText([await slim.readRun((await FORMS["file"]?.("/fixtures/train.log")) as File)]);
    });
    expect(run).toBe(await runInNode(LOG));
    expect(plain.page.workers()).toHaveLength(1);
  });

  test("a worker that breaks down is told of", async () => {
    await plain.page.reload();
    const message = await plain.page.evaluate(async () => {
      const { slim } = globalThis;
      await slim.init(await (await fetch("/package/wasm/marian_log_wasm_bg.wasm")).arrayBuffer(), {
        worker: () => new Worker("/breaks-down.js"),
      });
      return slim.readRun(new Blob(["a log"])).catch((error: Error) => error.message);
    });
    expect(message).toContain("the worker that parses broke down: Uncaught Error: no more");
    await expect.poll(() => plain.page.workers()).toHaveLength(0);
  });
});
