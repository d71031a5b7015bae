import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import type { Readable } from "node:stream";
import type { RequestScope } from "../../http/index.js";
import { WandbError } from "./errors.js";

import type { WandbClient } from "./wandb-client.js";

/**
 * Bytes of a file that are read at once. They lie outside the heap, where a chunk takes next to nothing, so with large
 * ones V8 lets some 20 MB come together before it looks.
 */
const CHUNK = 16 * 1024;

// A slow line must be able to carry a large file: the time allowed grows by its size at 100 KB/s.
const SLOWEST_BYTES_PER_MS = 100;

/** Bytes in memory, or a file on disk. */
export type UploadSource = Buffer | { readonly path: string; readonly size: number };

/** Bytes of a source. */
export function sizeOf(source: UploadSource): number {
  return Buffer.isBuffer(source) ? source.length : source.size;
}

/**
 * Puts bytes at an address that the server gave, without the API key: such addresses are signed, often for another
 * host. `headers` are "Name:Value" texts. Throws a WandbError when the file on disk has changed its size.
 */
export async function putBytes(
  client: WandbClient,
  scope: RequestScope,
  target: { readonly url: string; readonly headers: readonly string[]; readonly name: string },
  source: UploadSource,
): Promise<void> {
  const size = sizeOf(source);
  if (!Buffer.isBuffer(source) && (await stat(source.path)).size !== size) {
    throw new WandbError(
      "refused",
      `${source.path} changed while it was being uploaded; publish again when it is complete`,
    );
  }
  const headers: Record<string, string> = { "content-length": String(size) };
  for (const header of target.headers) {
    const colon = header.indexOf(":");
    if (colon > 0) headers[header.slice(0, colon).trim().toLowerCase()] = header.slice(colon + 1).trim();
  }
  await client.http.send(
    {
      method: "PUT",
      url: uploadUrl(client, target.url),
      headers,
      body: () => open(source),
      headersMs: client.timeouts.transfer + size / SLOWEST_BYTES_PER_MS,
      most: "none",
      what: `the file ${target.name}`,
    },
    scope,
  );
}

/** The address may be relative; one that is no address is told as it is. */
function uploadUrl({ settings }: WandbClient, url: string): string {
  const base = `${settings.baseUrl}/`;
  return URL.canParse(url, base) ? new URL(url, base).href : url;
}

function open(source: UploadSource): Buffer | Readable {
  if (Buffer.isBuffer(source)) return source;
  return source.size === 0
    ? Buffer.alloc(0)
    : createReadStream(source.path, { end: source.size - 1, highWaterMark: CHUNK });
}
