import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, test } from "vitest";
import * as page from "../../src/browser-node.js";
import { checkRun, InputError, parseLog, readRun } from "../../src/index.js";
import { freshFolder } from "../cli/run-binary.js";
import { start, train } from "../cli/sample-logs.js";

const bytes = (text: string) => new TextEncoder().encode(text);
const fault = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

describe("readRun, here and in a page", () => {
  test.each([
    ["nothing", "", "empty"],
    ["a PDF", "%PDF-1.7\n%\u00e2\u00e3\n1 0 obj\n", "no-marian-log"],
    ["other text", "Dear diary\n", "no-marian-log"],
  ])("of %s is an error with a code", async (_, text, code) => {
    for (const read of [() => readRun(bytes(text)), () => page.readRun(new Blob([text]))]) {
      const error = await fault(read());
      expect(error).toBeInstanceOf(InputError);
      expect(error).toMatchObject({ name: "InputError", code });
    }
  });

  test.each([
    ["a record", train(100)],
    ["a start alone", start()],
    ["a log that ended before", "[task 2025-08-30T17:55:02.294+00:00] Traceback\n"],
    ["a line that is like a record", "Ep. 1 : Up. 5 : Sen. x\n"],
  ])("of %s is a run", async (_, text) => {
    expect((await readRun(bytes(text))).tally.counts.lines).toBeGreaterThan(0);
    expect((await page.readRun(new Blob([text]))).tally.counts.lines).toBeGreaterThan(0);
  });
});

test("a file that is not there is an InputError, whoever reads it", async () => {
  const path = join(freshFolder(), "gone.log");
  for (const input of [path, pathToFileURL(path)]) {
    for (const read of [() => readRun(input), () => parseLog(input).next()]) {
      expect(await fault(read())).toMatchObject({ name: "InputError", code: "not-found" });
    }
    expect((await checkRun(input)).error).toMatchObject({ code: "not-found" });
  }
  expect(await fault(readRun(freshFolder()))).toMatchObject({ name: "InputError", code: "unreadable" });
});

test("a page's check finds what this one finds", async () => {
  const text = `${start()}${train(100)}${train(200).replace(/Cost [\d.]+/, "Cost nan")}`;
  const here = await checkRun(bytes(text));
  const there = await page.checkRun(new Blob([text]));
  expect(here.findings.map(({ kind }) => kind)).toContain("nan");
  expect(there.findings).toEqual(here.findings);
});
