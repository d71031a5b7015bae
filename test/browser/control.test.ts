/** Progress, abort, and what becomes of workers, in a page. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromiumIsThere, launchChromium } from "./chromium.js";
import { answerOddly, LOG, LOG_URL, ODD, TIMES } from "./odd-answers.js";
import { openPlainPage, type PlainPage } from "./plain-page.js";

describe.skipIf(!chromiumIsThere)("a page", () => {
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

    test("tells how far it is", async () => {
      const { told, fault } = await plain.read({ url: "/long.log", options });
      expect(fault).toBeUndefined();
      const total = LOG.length * TIMES;
      const bytes = told.map((progress) => progress.bytes);
      expect(bytes).toEqual([...bytes].sort((one, other) => one - other));
      expect(new Set(told.map((progress) => progress.total))).toEqual(new Set([total]));
      expect(told.at(-1)).toMatchObject({
        bytes: total,
        total,
        counts: { bytes: total, training: 87 * TIMES },
      });
    });

    test.each([
      ["response", "/cut.gz", true],
      ["stream", LOG_URL, false],
    ])("of a %s, %s, the total is known: %s", async (form, address, known) => {
      const { told } = await plain.read({ url: address, form, options });
      expect(told.at(-1)?.total).toBe(known ? ODD[address]?.length : undefined);
      expect(told.at(-1)?.bytes).toBe(known ? ODD[address]?.length : LOG.length);
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
      expect(answer.rows).toBeLessThan(87 * TIMES);
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
  });

  test("an abort ends the worker, and so does leaving the loop; a worker that is done is used again", async () => {
    const workers = () => plain.page.workers().length;
    await plain.read({ url: LOG_URL });
    const before = workers();
    expect(before).toBeGreaterThan(0);
    for (let log = 0; log < 5; log += 1) await plain.read({ url: LOG_URL });
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
      expect((await plain.read({ url: LOG_URL })).fault).toBeUndefined();
    }
  });

  test("an abort reaches a training that waits for its turn", async () => {
    const answers = await plain.page.evaluate(async () => {
      const { FORMS, tracking } = globalThis.page;
      const [first, later] = [new AbortController(), new AbortController()];
      const fates: string[] = [];
      // More than are read at once, and the first of them do not end by themselves.
      const runs = Array.from({ length: 12 }, async (_, at) => {
        const input =
          at < 8 ? new ReadableStream<Uint8Array>() : await FORMS["file"]?.("/fixtures/train.log");
        const run = tracking.readRun(input as Blob, { signal: (at < 8 ? first : later).signal });
        await run.catch((error: Error) => fates.push(`${at < 8 ? "first" : "later"}: ${error.name}`));
      });
      setTimeout(() => later.abort(), 300);
      await Promise.all(runs.slice(8));
      first.abort();
      await Promise.all(runs);
      return fates;
    });
    const last = Array.from({ length: 8 }, () => "first: AbortError");
    expect(answers).toHaveLength(12);
    expect(answers.slice(-8)).toEqual(last);
    // With 8 processors or fewer.
    for (const fate of answers.slice(0, -8)) expect(fate).toBe("later: AbortError");
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
