/** Progress, abort, damaged logs, and pages that have no workers. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromiumIsThere, launchChromium } from "./chromium.js";
import { measurementsInNode, runInNode } from "./in-node.js";
import { openPlainPage, PLAIN_PAGE, type PlainPage } from "./plain-page.js";
import { zstdFrame } from "./zstd-frame.js";

const log = readFileSync(fileURLToPath(new URL("../../fixtures/train.log", import.meta.url)));
const url = "/fixtures/train.log";

/** Answers of the server besides its files. */
const answers: Readonly<Record<string, Uint8Array>> = {
  "/cut.gz": gzipSync(log).subarray(0, -700),
  "/cut.zst": zstdFrame(log).subarray(0, -700),
  "/damaged.gz": Buffer.concat([
    gzipSync(log.subarray(0, 30_000)),
    Buffer.from([0x1f, 0x8b, 8, 0, 1, 2, 3, 4]),
  ]),
  "/log.xz": Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00, 1, 2, 3]),
  "/utf16.log": Buffer.from([0xff, 0xfe, 65, 0, 66, 0]),
  "/empty": new Uint8Array(0),
  "/long.log": Buffer.concat(Array.from({ length: 600 }, () => log)),
};

describe.skipIf(!chromiumIsThere)("in a page", () => {
  let browser: Browser;
  let plain: PlainPage;

  beforeAll(async () => {
    browser = await launchChromium();
    plain = await openPlainPage(browser, {
      handle: (path, response) => {
        const bytes = answers[path];
        if (bytes !== undefined) response.end(bytes);
        else if (path === "/broken") {
          response.writeHead(200, { "content-length": log.length });
          response.write(log.subarray(0, 20_000), () => setTimeout(() => response.destroy(), 100));
        } else if (path === "/silent") {
          response.writeHead(200, { "content-length": log.length });
          response.write(log.subarray(0, 20_000));
        } else return false;
        return true;
      },
    });
  });

  afterAll(async () => {
    await plain[Symbol.asyncDispose]();
    await browser.close();
  });

  describe.each([true, false])("worker: %s", (worker) => {
    const options = { worker };

    test("tells how far it is", async () => {
      const { told, fault } = await plain.read({ url: "/long.log", options });
      expect(fault).toBeUndefined();
      const total = log.length * 600;
      const bytes = told.map((progress) => progress.bytes);
      expect(bytes).toEqual([...bytes].sort((one, other) => one - other));
      expect(new Set(told.map((progress) => progress.total))).toEqual(new Set([total]));
      expect(told.at(-1)).toMatchObject({
        bytes: total,
        total,
        counts: { bytes: total, training: 87 * 600 },
      });
    });

    test.each([
      ["response", "/cut.gz", true],
      ["stream", url, false],
    ])("of a %s, %s, the total is known: %s", async (form, address, known) => {
      const { told } = await plain.read({ url: address, form, options });
      expect(told.at(-1)?.total).toBe(known ? answers[address]?.length : undefined);
      expect(told.at(-1)?.bytes).toBe(known ? answers[address]?.length : log.length);
    });

    test.each([
      ["/cut.gz", "the gzip data ends early; what could be unpacked before that was read"],
      ["/cut.zst", "the zstd data ends early; what could be unpacked before that was read"],
      ["/damaged.gz", "the gzip data "],
      ["/broken", "the server's answer broke off: "],
    ])("%s gives what is whole, then the error in words", async (address, words) => {
      const whole: unknown[] = JSON.parse(await measurementsInNode(log));
      const form = address === "/broken" ? "response" : "file";
      const { found, fault } = await plain.read({ url: address, form, options });
      expect(fault).toMatchObject({ name: "InputError", input: true });
      expect(fault?.message).toContain(words);
      const measurements: { type: string }[] = JSON.parse(found);
      expect(measurements.length).toBeGreaterThan(address === "/cut.zst" ? -1 : 40);
      // What was being read when the log broke off may be cut itself.
      const all = measurements.slice(0, -1);
      expect(all).toEqual(whole.slice(0, all.length));
    });

    test("readRun keeps in its error what came before", async () => {
      const { found, fault } = await plain.read({ url: "/cut.gz", way: "readRun", options });
      expect(found).toBe("[]");
      expect(fault).toMatchObject({ name: "InputError", input: true });
      const run = JSON.parse(fault?.run ?? "");
      const [whole] = JSON.parse(await runInNode(log));
      expect(run.training.length).toBeGreaterThan(40);
      expect(run.training).toEqual(whole.training.slice(0, run.training.length));
      expect(run.segments).toEqual(whole.segments);
    });

    test.each([
      [
        "/log.xz",
        "InputError",
        "this is xz, which is not read here: make plain text of it first, with `xz -dc FILE`",
      ],
      ["/utf16.log", "InputError", "this is UTF-16 text, which is not read here"],
      ["/nowhere", "InputError", "the server answered 404 Not Found for http://127.0.0.1"],
    ])("%s is refused in words", async (address, name, words) => {
      const form = address === "/nowhere" ? "response" : "file";
      const { found, fault } = await plain.read({ url: address, form, options });
      expect(found).toBe("[]");
      expect(fault?.name).toBe(name);
      expect(fault?.message).toContain(words);
    });

    test("an empty file is an empty log", async () => {
      for (const form of ["file", "bytes", "response"]) {
        const { found, fault } = await plain.read({ url: "/empty", form, options });
        expect(fault).toBeUndefined();
        expect(found).toBe("[]");
      }
    });

    test("wrong options are named", async () => {
      const zone = await plain.read({ url, options: { ...options, timeZone: "Mars/Base" } });
      expect(zone.fault?.name).toBe("RangeError");
      expect(zone.fault?.message).toContain("Mars/Base");
      const regex = await plain.read({ url, options: { ...options, patterns: [{ name: "x", regex: "(" }] } });
      expect(regex.fault?.message).toContain("x");
      // What was refused is no burden for the next log.
      expect((await plain.read({ url, options })).fault).toBeUndefined();
    });

    test("an abort ends the reading in the middle of a long file", async () => {
      const answer = await plain.page.evaluate(async (options) => {
        const { FORMS, tracking } = globalThis.page;
        const file = (await FORMS["file"]?.("/long.log")) as File;
        const control = new AbortController();
        let rows = 0;
        try {
          for await (const batch of tracking.parseBatches(file, { ...options, signal: control.signal })) {
            rows += batch.training.length;
            if (rows > 500) control.abort();
          }
          return { rows, error: undefined };
        } catch (error) {
          return { rows, error: (error as Error).name };
        }
      }, options);
      expect(answer.error).toBe("AbortError");
      expect(answer.rows).toBeGreaterThan(500);
      expect(answer.rows).toBeLessThan(87 * 600);
    });

    test.each(["parseLog", "readRun"] as const)("an abort ends %s while a server is silent", async (way) => {
      const error = await plain.page.evaluate(
        async ({ options, way }) => {
          const { FORMS, tracking } = globalThis.page;
          const response = await FORMS["response"]?.("/silent");
          if (response === undefined) throw new Error("no answer");
          const control = new AbortController();
          setTimeout(() => control.abort(new Error("enough")), 200);
          const all = { ...options, signal: control.signal };
          try {
            if (way === "readRun") await tracking.readRun(response, all);
            else for await (const _ of tracking.parseLog(response, all));
            return "none";
          } catch (error) {
            return String(error);
          }
        },
        { options, way },
      );
      expect(error).toBe("Error: enough");
    });

    test("an abort before the beginning", async () => {
      const error = await plain.page.evaluate(async (options) => {
        const all = { ...options, signal: AbortSignal.abort() };
        return globalThis.page.tracking.readRun(new Blob(["x"]), all).catch((error: Error) => error.name);
      }, options);
      expect(error).toBe("AbortError");
    });

    test("what is no input is told of", async () => {
      const messages = await plain.page.evaluate(async (options) => {
        const { tracking } = globalThis.page;
        const used = new Response("x");
        await used.text();
        const locked = new ReadableStream();
        locked.getReader();
        const wrong = ["https://example.org/train.log", undefined, 7, {}, used, locked] as never[];
        const read = (input: never) =>
          tracking.readRun(input, options).catch((error: Error) => error.message);
        return Promise.all(wrong.map(read));
      }, options);
      expect(messages[0]).toMatch(/this is a text; for an address give `await fetch\(address\)`/);
      for (const message of messages.slice(1, 4)) expect(message).toContain("a log is read from a File");
      expect(messages[4]).toContain("read before");
      expect(messages[5]).toContain("being read by something else");
    });
  });

  test("an abort ends the worker, and so does leaving the loop; a worker that is done is used again", async () => {
    const workers = () => plain.page.workers().length;
    await plain.read({ url });
    const before = workers();
    expect(before).toBeGreaterThan(0);
    for (let log = 0; log < 5; log += 1) await plain.read({ url });
    expect(workers()).toBe(before);
    for (const end of ["abort", "break"]) {
      const started = workers();
      await plain.page.evaluate(async (end) => {
        const { FORMS, tracking } = globalThis.page;
        const file = (await FORMS["file"]?.("/long.log")) as File;
        const control = new AbortController();
        const batches = tracking.parseBatches(file, { signal: control.signal });
        await batches.next();
        if (end === "abort") control.abort();
        else await batches.return(undefined);
      }, end);
      await expect.poll(workers).toBe(started - 1);
      expect((await plain.read({ url })).fault).toBeUndefined();
    }
  });

  test("an abort reaches a training that waits for its turn", async () => {
    const answers = await plain.page.evaluate(async () => {
      const { FORMS, tracking } = globalThis.page;
      const control = new AbortController();
      const signal = control.signal;
      const fates: string[] = [];
      // More than are read at once, and the first of them never end.
      const runs = Array.from({ length: 12 }, async (_, at) => {
        const input =
          at < 8 ? new ReadableStream<Uint8Array>() : await FORMS["file"]?.("/fixtures/train.log");
        const run = tracking.readRun(input as Blob, { signal: at < 8 ? AbortSignal.timeout(1000) : signal });
        await run.catch((error: Error) => fates.push(`${at < 8 ? "first" : "later"}: ${error.name}`));
      });
      setTimeout(() => control.abort(), 300);
      await Promise.all(runs);
      return fates;
    });
    const last = Array.from({ length: 8 }, () => "first: TimeoutError");
    expect(answers.slice(-8)).toEqual(last);
    // With 8 processors or fewer.
    for (const fate of answers.slice(0, -8)) expect(fate).toBe("later: AbortError");
  });

  test("a file that has gone since it was chosen", async () => {
    const folder = mkdtempSync(join(tmpdir(), "gone-"));
    const path = join(folder, "train.log");
    writeFileSync(path, log);
    await plain.page.evaluate(() => {
      document.body.innerHTML = '<input type="file">';
    });
    await plain.page.setInputFiles("input", path);
    rmSync(folder, { recursive: true });
    for (const worker of [true, false]) {
      const error = await plain.page.evaluate(async (worker) => {
        const file = document.querySelector("input")?.files?.[0] as File;
        const { message, name } = await globalThis.page.tracking
          .readRun(file, { worker })
          .catch((error) => error);
        return { message, name };
      }, worker);
      expect(error.name).toBe("InputError");
      expect(error.message).toContain("the file can't be read any further: it was changed, moved or removed");
    }
  });

  test("a slow reader makes the worker wait", async () => {
    const ahead = await plain.page.evaluate(async () => {
      const { FORMS, tracking } = globalThis.page;
      let asked = 0;
      const bytes = (await FORMS["bytes"]?.("/long.log")) as Uint8Array;
      const chunks = (async function* () {
        for (let at = 0; at < bytes.length; at += 65_536) {
          asked += 1;
          yield bytes.subarray(at, at + 65_536);
        }
      })();
      const batches = tracking.parseBatches(chunks);
      await batches.next();
      await new Promise((resolve) => setTimeout(resolve, 500));
      const ahead = asked;
      await batches.return(undefined);
      return ahead;
    });
    expect(ahead).toBeLessThan(20);
  });
});

describe.skipIf(!chromiumIsThere)("a page with less", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser.close());

  const readsTheFixture = async (plain: PlainPage) => {
    const { found, fault } = await plain.read({ url });
    expect(fault).toBeUndefined();
    expect(found).toBe(await measurementsInNode(log));
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
    const { fault } = await plain.read({ url });
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
    const { fault } = await plain.read({ url });
    expect(fault?.message).toMatch(/core could not be fetched: http.*wasm is no WebAssembly but text.html/);
  });
});

describe.skipIf(!chromiumIsThere)("the slim entry", () => {
  let browser: Browser;
  let plain: PlainPage;
  beforeAll(async () => {
    browser = await launchChromium();
    plain = await openPlainPage(browser, {
      pages: { "/": `${PLAIN_PAGE}<script type="module" src="/page/slim.js"></script>` },
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
    expect(answer.run).toBe(await runInNode(log));
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
    expect(run).toBe(await runInNode(log));
    expect(plain.page.workers()).toHaveLength(1);
  });
});
