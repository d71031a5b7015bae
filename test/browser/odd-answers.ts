/** Answers that a static server does not give, or that no log should look like. */
import { readFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { zstdFrame } from "./zstd-frame.js";

/** A log of the fixtures, and its address on the site of a plain page. */
export const LOG = readFileSync(fileURLToPath(new URL("../../fixtures/train.log", import.meta.url)));
export const LOG_URL = "/fixtures/train.log";

/** How often `/long.log` repeats that log. */
export const TIMES = 600;

/** Whole answers. */
export const ODD: Readonly<Record<string, Uint8Array>> = {
  "/cut.gz": gzipSync(LOG).subarray(0, -700),
  "/cut.zst": zstdFrame(LOG).subarray(0, -700),
  "/damaged.gz": Buffer.concat([
    gzipSync(LOG.subarray(0, 30_000)),
    Buffer.from([0x1f, 0x8b, 8, 0, 1, 2, 3, 4]),
  ]),
  "/log.xz": Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00, 1, 2, 3]),
  "/utf16.log": Buffer.from([0xff, 0xfe, 65, 0, 66, 0]),
  "/empty": new Uint8Array(0),
  "/long.log": Buffer.concat(Array.from({ length: TIMES }, () => LOG)),
};

/** Gives those, an answer that breaks off and one that falls silent. */
export function answerOddly(path: string, response: ServerResponse): boolean {
  const bytes = ODD[path];
  if (bytes !== undefined) response.end(bytes);
  else if (path === "/broken") {
    response.writeHead(200, { "content-length": LOG.length });
    response.write(LOG.subarray(0, 20_000), () => setTimeout(() => response.destroy(), 100));
  } else if (path === "/silent") {
    response.writeHead(200, { "content-length": LOG.length });
    response.write(LOG.subarray(0, 20_000));
  } else return false;
  return true;
}
