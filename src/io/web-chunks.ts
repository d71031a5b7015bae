/** The text of a log in a page, in chunks of bytes. No Node API. */
import { unpacked } from "./packed/unpacked.js";
import { openWebLog, type WebLog, type WebLogInput } from "./web-log.js";

/**
 * The bytes of an input; gzip and zstd are unpacked.
 *
 * @throws InputError if the input can't be read, or not to its end, after what came before was yielded.
 */
export async function* webChunks(input: WebLogInput, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  const log = await openWebLog(input, signal);
  try {
    yield* textOf(log, log.chunks);
  } finally {
    log.chunks.return().catch(() => {});
  }
}

/** The text of a log, from its bytes as stored. */
export function textOf(
  { packing, again }: WebLog,
  stored: AsyncIterable<Uint8Array>,
): AsyncIterable<Uint8Array> {
  return unpacked(stored, packing, loadedUnzstd, again);
}

/** Unpacks zstd by code that is loaded only now: few logs need it. */
async function* loadedUnzstd(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const { unzstd } = await import("./packed/unzstd.js");
  yield* unzstd(chunks);
}
