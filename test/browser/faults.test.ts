/** Damaged logs, wrong inputs and wrong options, in a page. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromiumIsThere, launchChromium } from "./chromium.js";
import { measurementsInNode, runInNode } from "./in-node.js";
import { answerOddly, LOG, LOG_URL } from "./odd-answers.js";
import { openPlainPage, type PlainPage } from "./plain-page.js";

describe.skipIf(!chromiumIsThere)("a page tells", () => {
  let browser: Browser;
  let plain: PlainPage;

  beforeAll(async () => {
    browser = await launchChromium();
    plain = await openPlainPage(browser, { handle: answerOddly });
  });
  afterAll(async () => {
    await plain[Symbol.asyncDispose]();
    await browser.close();
  });

  describe.each([true, false])("worker: %s", (worker) => {
    const options = { worker };

    test.each([
      ["/cut.gz", "the gzip data ends early; what could be unpacked before that was read"],
      ["/cut.zst", "the zstd data ends early; what could be unpacked before that was read"],
      ["/damaged.gz", "the gzip data "],
      ["/broken", "the server's answer broke off: "],
    ])("%s gives what is whole, then the error in words", async (address, words) => {
      const whole: unknown[] = JSON.parse(await measurementsInNode(LOG));
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
      expect(fault).toMatchObject({ name: "PartialRunError", input: true });
      const run = JSON.parse(fault?.run ?? "");
      const [whole] = JSON.parse(await runInNode(LOG));
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
      const zone = await plain.read({ url: LOG_URL, options: { ...options, timeZone: "Mars/Base" } });
      expect(zone.fault?.name).toBe("RangeError");
      expect(zone.fault?.message).toContain("Mars/Base");
      const regex = await plain.read({
        url: LOG_URL,
        options: { ...options, patterns: [{ name: "x", regex: "(" }] },
      });
      expect(regex.fault?.message).toContain("x");
      // What was refused is no burden for the next log.
      expect((await plain.read({ url: LOG_URL, options })).fault).toBeUndefined();
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

  test("a file that has gone since it was chosen", async () => {
    const folder = mkdtempSync(join(tmpdir(), "gone-"));
    const path = join(folder, "train.log");
    writeFileSync(path, LOG);
    await plain.page.evaluate(() => {
      document.body.innerHTML = '<input type="file">';
    });
    await plain.page.setInputFiles("input", path);
    rmSync(folder, { recursive: true });
    for (const worker of [true, false]) {
      const error = await plain.page.evaluate(async (worker) => {
        const file = document.querySelector("input")?.files?.[0] as File;
        const { message, name, code } = await globalThis.page.tracking
          .readRun(file, { worker })
          .catch((error) => error);
        return { message, name, code };
      }, worker);
      expect(error).toMatchObject({ name: "InputError", code: "not-found" });
      expect(error.message).toContain("the file can't be read any further: it was changed, moved or removed");
    }
  });
});
