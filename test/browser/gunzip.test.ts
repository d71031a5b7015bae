/** Unpacking by Chromium's own `DecompressionStream`, held to Node's zlib. */
import { fileURLToPath } from "node:url";
import { constants, gunzipSync, gzipSync } from "node:zlib";
import { build } from "esbuild";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromiumIsThere, launchChromium, openPage } from "./chromium.js";
import { Site } from "./site.js";

const source = fileURLToPath(new URL("../../src/io/packed/gunzip.ts", import.meta.url));
const lines = (from: number, to: number) =>
  Buffer.from(Array.from({ length: to - from }, (_, at) => `line ${(from + at) ** 2}\n`).join(""));

/** What zlib unpacks of the beginning of a gzip. */
const unpackedOf = (packed: Uint8Array) => gunzipSync(packed, { finishFlush: constants.Z_SYNC_FLUSH });

/** What came out, and the message of the error that came behind it. */
interface Unpacked {
  readonly text: Buffer;
  readonly fault: string | undefined;
}

describe.skipIf(!chromiumIsThere)("gunzip in Chromium", () => {
  let browser: Browser;
  let site: Site;
  let page: Page;

  beforeAll(async () => {
    const bundled = await build({
      entryPoints: [source],
      bundle: true,
      format: "iife",
      globalName: "sources",
      write: false,
    });
    const script = bundled.outputFiles[0]?.text ?? "";
    site = await Site.start({
      folders: {},
      pages: { "/": `<!doctype html><link rel="icon" href="data:,"><script>${script}</script>` },
    });
    browser = await launchChromium();
    ({ page } = await openPage(browser, site.url));
  });

  afterAll(async () => {
    await browser.close();
    await site[Symbol.asyncDispose]();
  });

  /** Unpacks in the page; the packed bytes come in chunks of these lengths, the last again and again. */
  async function unpack(packed: Uint8Array, lengths: readonly number[] = [65_536]): Promise<Unpacked> {
    const { text, fault } = await page.evaluate(
      async ({ base64, lengths }) => {
        const { gunzip } = (
          globalThis as unknown as { sources: typeof import("../../src/io/packed/gunzip.js") }
        ).sources;
        const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
        const chunks = (async function* () {
          let chunk = 0;
          for (let at = 0; at < bytes.length; ) {
            const length = lengths[Math.min(chunk++, lengths.length - 1)] ?? 1;
            yield bytes.subarray(at, at + length);
            at += length;
          }
        })();
        const parts: BlobPart[] = [];
        let fault: string | undefined;
        try {
          for await (const part of gunzip(chunks)) parts.push(part as Uint8Array<ArrayBuffer>);
        } catch (error) {
          fault = String(error);
        }
        const unpacked = new Uint8Array(await new Blob(parts).arrayBuffer());
        let letters = "";
        for (let at = 0; at < unpacked.length; at += 8192)
          letters += String.fromCharCode(...unpacked.subarray(at, at + 8192));
        return { text: btoa(letters), fault };
      },
      { base64: Buffer.from(packed).toString("base64"), lengths },
    );
    return { text: Buffer.from(text, "base64"), fault };
  }

  const content = lines(0, 30_000);
  const packed = gzipSync(content);
  const members = Buffer.concat([
    gzipSync(lines(0, 5)),
    gzipSync(""),
    gzipSync(lines(5, 9000)),
    gzipSync(""),
  ]);

  test.each([[[65_536]], [[1, 1, 1, 5, 40_000, 3]], [[7]]])("one member in chunks of %j", async (lengths) => {
    const { text, fault } = await unpack(packed, lengths);
    expect(fault).toBeUndefined();
    expect(text.equals(content)).toBe(true);
  });

  test.each([[[65_536]], [[1]], [[3, 64, 65]]])("several members in chunks of %j", async (lengths) => {
    const { text, fault } = await unpack(members, lengths);
    expect(fault).toBeUndefined();
    expect(text.equals(lines(0, 9000))).toBe(true);
  });

  test("hundreds of members of a few bytes", async () => {
    const packed = Buffer.concat(Array.from({ length: 300 }, (_, at) => gzipSync(lines(at, at + 1))));
    const { text, fault } = await unpack(packed);
    expect(fault).toBeUndefined();
    expect(text.equals(lines(0, 300))).toBe(true);
  });

  test("stored data that holds the first bytes of members", async () => {
    const inner = gzipSync(lines(0, 100));
    const content = Buffer.concat(Array.from({ length: 50 }, () => inner));
    const { text, fault } = await unpack(gzipSync(content, { level: 0 }));
    expect(fault).toBeUndefined();
    expect(text.equals(content)).toBe(true);
  });

  test.each([1, 8, 63, 64, 65, 10_240, 60_000])("%i zeros behind the end", async (zeros) => {
    for (const lengths of [[65_536], [50, 7]]) {
      const { text, fault } = await unpack(Buffer.concat([packed, Buffer.alloc(zeros)]), lengths);
      expect(fault).toBeUndefined();
      expect(text.equals(content)).toBe(true);
    }
  });

  test("an empty member", async () => {
    expect(await unpack(gzipSync(""))).toEqual({ text: Buffer.alloc(0), fault: undefined });
  });

  test("text behind the end costs nothing before it, and is told of", async () => {
    const { text, fault } = await unpack(Buffer.concat([packed, Buffer.from("and so on")]));
    expect(text.equals(content)).toBe(true);
    expect(fault).toContain("the gzip data is damaged");
  });

  test("a member that is cut gives all that could be unpacked", async () => {
    for (let length = packed.length - 1; length > 0; length -= Math.ceil(packed.length / 40)) {
      const { text, fault } = await unpack(packed.subarray(0, length));
      expect(fault).toContain("the gzip data ends early");
      expect(content.subarray(0, text.length).equals(text)).toBe(true);
      // What zlib gives when it is flushed; no less.
      expect(text.length).toBeGreaterThan((content.length * length) / packed.length - 40_000);
    }
    const { text } = await unpack(packed.subarray(0, -1));
    expect(text.equals(content)).toBe(true);
  });

  test("a wrong checksum costs nothing", async () => {
    const wrong = Buffer.from(packed);
    wrong[wrong.length - 6] = (wrong[wrong.length - 6] ?? 0) ^ 1;
    const { text, fault } = await unpack(wrong);
    expect(fault).toContain("the gzip data is damaged");
    expect(text.equals(content)).toBe(true);
  });

  test("damage in the middle costs nothing before it", async () => {
    // A block of the reserved kind where a new one begins: unlike a changed letter, it can't be taken for data.
    const half = gzipSync(lines(0, 15_000)).length;
    const wrong = Buffer.from(packed);
    wrong.fill(0xff, half, half + 64);
    const { text, fault } = await unpack(wrong);
    expect(fault).toMatch(/the gzip data is damaged .*that was read$/);
    const before = unpackedOf(packed.subarray(0, half));
    expect(text.length).toBeGreaterThanOrEqual(before.length);
    expect(text.subarray(0, before.length).equals(before)).toBe(true);
  });

  test("what is no gzip behind its first bytes", async () => {
    const { text, fault } = await unpack(
      Buffer.from([0x1f, 0x8b, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9]),
    );
    expect(text).toHaveLength(0);
    expect(fault).toContain("the gzip data is damaged");
  });
});
