/** An error is the same one wherever a log is read: in Node, in a page's worker, on its thread, by either entry. */
import { gzipSync } from "node:zlib";
import type { Browser } from "playwright-core";
import { pack } from "tar-stream";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { errorMessage, errorOf } from "../../src/browser/errors.js";
import { checkRun, InputError, type InputErrorCode, parseLog, readRun } from "../../src/index.js";
import { start } from "../cli/sample-logs.js";
import { chromiumIsThere, launchChromium } from "./chromium.js";
import { LOG, ODD } from "./odd-answers.js";
import { openPlainPage, PLAIN_PAGE, type PlainPage } from "./plain-page.js";

const text = (words: string) => Buffer.from(words);
const PDF = text("%PDF-1.7\n%\u00e2\u00e3\n1 0 obj\n<< /Type /Catalog >>\n".repeat(50));
const TAR = await tarOf("a/train.log", "b/train.log");

async function tarOf(...names: readonly string[]): Promise<Buffer> {
  const packing = pack();
  for (const name of names) packing.entry({ name }, LOG);
  packing.finalize();
  const parts: Buffer[] = [];
  for await (const part of packing) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

const INPUTS: Readonly<Record<string, Uint8Array>> = {
  "/log": LOG,
  "/start-alone": text(start()),
  "/empty": new Uint8Array(0),
  "/empty.gz": gzipSync(""),
  "/diary.txt": text("Dear diary\n"),
  "/page.pdf": PDF,
  "/page.pdf.gz": gzipSync(PDF),
  "/page-cut.pdf.gz": gzipSync(PDF).subarray(0, -9),
  "/binary": Buffer.from(Array.from({ length: 5000 }, (_, at) => (at * at * 7 + 1) % 256)),
  "/logs.tar": TAR,
  "/logs.tar.gz": gzipSync(TAR),
  "/logs.zip": Buffer.concat([Buffer.from([0x50, 0x4b, 3, 4]), LOG]),
  "/log.xz": ODD["/log.xz"] ?? new Uint8Array(),
  "/log.bz2": text("BZh91AY&SY"),
  "/utf16.log": ODD["/utf16.log"] ?? new Uint8Array(),
  "/log-cut.gz": ODD["/cut.gz"] ?? new Uint8Array(),
  "/log-cut.zst": ODD["/cut.zst"] ?? new Uint8Array(),
  "/log-damaged.gz": ODD["/damaged.gz"] ?? new Uint8Array(),
  "/magic-alone.gz": Buffer.from([0x1f, 0x8b]),
  "/magic-alone.zst": Buffer.from([0x28, 0xb5, 0x2f, 0xfd]),
};

/** An error by what programs go by. */
interface Told {
  readonly name: string;
  readonly code?: string;
  readonly input: boolean;
  readonly rows?: number;
}

function told(error: unknown): Told {
  const { name, code, run } = error as { name: string; code?: string; run?: { training: unknown[] } };
  const rows = run?.training.length;
  return {
    name,
    ...(code === undefined ? {} : { code }),
    input: error instanceof InputError,
    ...(rows === undefined ? {} : { rows }),
  };
}

async function inNode(bytes: Uint8Array): Promise<Readonly<Record<string, Told | undefined>>> {
  const all = async () => {
    for await (const _ of parseLog(bytes));
  };
  const failure = (reading: Promise<unknown>) => reading.then(() => undefined, told);
  const report = await checkRun(bytes);
  return {
    parseLog: await failure(all()),
    readRun: await failure(readRun(bytes)),
    checkRun: report.error === undefined ? undefined : told(report.error),
  };
}

describe("an error of an input that crosses from a worker", () => {
  const every: Record<InputErrorCode, true> = {
    "not-found": true,
    empty: true,
    "no-marian-log": true,
    tar: true,
    unreachable: true,
    changed: true,
    unreadable: true,
  };
  const codes = Object.keys(every) as InputErrorCode[];

  test.each(codes)("keeps its class, its code %s, its message and its cause", (code) => {
    const error = new InputError("it is so", { code, cause: new RangeError("too far") });
    const other = errorOf(structuredClone(errorMessage(error)));
    expect(other).toBeInstanceOf(InputError);
    expect(other).toMatchObject({ name: "InputError", code, message: "it is so" });
    expect(other.cause).toMatchObject({ name: "RangeError", message: "too far" });
  });

  test.each([
    new Error("a"),
    new TypeError("b"),
    new RangeError("c"),
    new DOMException("d", "DataError"),
    "e",
  ])("keeps its name where it is none of ours: %s", (error) => {
    const other = errorOf(structuredClone(errorMessage(error)));
    const { name, message } = error instanceof Error ? error : { name: "Error", message: error };
    expect(other).toBeInstanceOf(Error);
    expect(other).not.toBeInstanceOf(InputError);
    expect([other.name, other.message]).toEqual([name, message]);
  });
});

describe.skipIf(!chromiumIsThere)("the error of an input", () => {
  let browser: Browser;
  let plain: PlainPage;

  beforeAll(async () => {
    browser = await launchChromium();
    plain = await openPlainPage(browser, {
      pages: { "/": `${PLAIN_PAGE}<script type="module" src="/page/slim.js"></script>` },
      handle: (path, response) => {
        const bytes = INPUTS[path];
        if (bytes !== undefined) response.end(bytes);
        return bytes !== undefined;
      },
    });
    await plain.page.evaluate(async () => {
      const core = await (await fetch("/package/wasm/marian_log_wasm_bg.wasm")).arrayBuffer();
      const worker = () => new Worker("/package/dist/web/worker-zstd.js");
      await globalThis.slim.init(core, { worker });
    });
  });
  afterAll(async () => {
    await plain[Symbol.asyncDispose]();
    await browser.close();
  });

  const inPage = (url: string, form: string) =>
    plain.page.evaluate(
      async ({ url, form }) => {
        const { page, slim } = globalThis;
        const answers: Record<string, Record<string, unknown>> = {};
        for (const [entry, library] of Object.entries({ browser: page.tracking, slim })) {
          for (const worker of [true, false]) {
            const told = (error: unknown) => {
              const { name, code, run } = error as { name: string; code?: string; run?: { training: [] } };
              const rows = run?.training.length;
              return {
                name,
                ...(code === undefined ? {} : { code }),
                input: error instanceof library.InputError,
                ...(rows === undefined ? {} : { rows }),
              };
            };
            const input = async () => (await page.FORMS[form]?.(url)) as Blob;
            const all = async () => {
              for await (const _ of library.parseLog(await input(), { worker }));
            };
            const failure = (reading: Promise<unknown>) => reading.then(() => undefined, told);
            const report = await library.checkRun(await input(), { worker });
            answers[`${entry}, worker: ${worker}`] = {
              parseLog: await failure(all()),
              readRun: await failure(library.readRun(await input(), { worker })),
              checkRun: report.error === undefined ? undefined : told(report.error),
            };
          }
        }
        return answers;
      },
      { url, form },
    );

  test.each(Object.entries(INPUTS))("%s is that of Node", async (url, bytes) => {
    const expected = await inNode(bytes);
    for (const form of ["file", "response", "stream", "bytes"]) {
      const answers = await inPage(url, form);
      expect(Object.keys(answers)).toHaveLength(4);
      for (const [where, answer] of Object.entries(answers)) {
        expect({ where, form, ...answer }).toEqual({ where, form, ...expected });
      }
    }
  });

  test("nothing at its address is `not-found`, as a file that is not there", async () => {
    const missing = { name: "InputError", code: "not-found", input: true };
    const answer = { parseLog: missing, readRun: missing, checkRun: missing };
    for (const found of Object.values(await inPage("/nowhere", "response"))) expect(found).toEqual(answer);
  });
});

test("what is said of each kind of input", async () => {
  const none = { parseLog: undefined, readRun: undefined, checkRun: undefined };
  const no = (code: string) => ({ name: "InputError", code, input: true });
  const all = (code: string) => ({ parseLog: no(code), readRun: no(code), checkRun: no(code) });
  const noRun = (code: string) => ({ ...none, readRun: no(code), checkRun: no(code) });
  const part = { name: "PartialRunError", code: "unreadable", input: true };
  const expected: Record<string, unknown> = {
    "/log": none,
    "/start-alone": none,
    "/empty": noRun("empty"),
    "/empty.gz": noRun("empty"),
    "/diary.txt": noRun("no-marian-log"),
    "/page.pdf": noRun("no-marian-log"),
    "/page.pdf.gz": noRun("no-marian-log"),
    "/binary": noRun("no-marian-log"),
    "/logs.tar": all("tar"),
    "/logs.tar.gz": all("tar"),
    "/logs.zip": all("unreadable"),
    "/log.xz": all("unreadable"),
    "/log.bz2": all("unreadable"),
    "/utf16.log": all("unreadable"),
    "/page-cut.pdf.gz": { ...all("unreadable"), readRun: { ...part, rows: 0 } },
    "/log-cut.gz": {
      ...all("unreadable"),
      readRun: { ...part, rows: expect.toSatisfy((rows) => rows > 40) },
    },
    "/log-cut.zst": { ...all("unreadable"), readRun: { ...no("unreadable") } },
    "/log-damaged.gz": {
      ...all("unreadable"),
      readRun: { ...part, rows: expect.toSatisfy((rows) => rows > 40) },
    },
    "/magic-alone.gz": all("unreadable"),
    "/magic-alone.zst": all("unreadable"),
  };
  for (const [name, bytes] of Object.entries(INPUTS)) {
    expect({ name, ...(await inNode(bytes)) }).toEqual({ name, ...(expected[name] as object) });
  }
});
