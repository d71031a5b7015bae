/** What the library in Node reads a log from, as chunks of bytes. */
import { statSync } from "node:fs";
import { chunkBytes, streamOf, untilAborted } from "./byte-stream.js";
import { fileChunks } from "./chunks.js";
import { InputError } from "./input-error.js";
import { type OpenedLog, openWebLog, type WebLogInput } from "./web-log.js";

/**
 * What a log can be read from in Node: a path, a `file:` URL, bytes, a Blob, a Response, or any stream or iterable of
 * bytes.
 */
export type LogInput = string | URL | WebLogInput | Iterable<Uint8Array | string>;

/**
 * Opens an input. A string is a path; to parse text, encode it.
 *
 * @throws TypeError if it holds no bytes.
 */
export async function openLogInput(input: LogInput, signal?: AbortSignal): Promise<OpenedLog> {
  const own = pathOrIterable(input);
  if (own === undefined) return openWebLog(input as WebLogInput, signal);
  return signal === undefined ? own : { ...own, chunks: untilAborted(own.chunks, signal) };
}

/** An input that pages can't read; undefined for one that they can. */
function pathOrIterable(input: LogInput): OpenedLog | undefined {
  if (typeof input === "string" || input instanceof URL) {
    const chunks = streamOf(namedChunks(input));
    const file = statSync(input, { throwIfNoEntry: false });
    return file?.isFile() ? { chunks, size: file.size, again: () => fileChunks(input) } : { chunks };
  }
  if (typeof input !== "object" || input === null)
    throw new TypeError(
      `a log is read from a path, a file: URL, bytes, a Blob, a stream or an iterable of bytes, and this is ${String(input)}`,
    );
  if (ArrayBuffer.isView(input)) return undefined;
  // Streams of Node are iterables that may have the properties of a Response.
  const isIterable = Symbol.asyncIterator in input || Symbol.iterator in input;
  return isIterable ? { chunks: streamOf(iterableChunks(input)) } : undefined;
}

/**
 * The bytes of a file that the caller named.
 *
 * @throws InputError if it can't be opened or read.
 */
async function* namedChunks(path: string | URL): AsyncGenerator<Uint8Array> {
  const chunks = fileChunks(path);
  try {
    for (;;) {
      // Errors of the code that takes the chunks are not the file's.
      const next = await chunks.next().catch((error: unknown) => {
        throw fileError(path, error);
      });
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    await chunks.return(undefined);
  }
}

function fileError(path: string | URL, cause: unknown): InputError {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  if (code === "ENOENT" || code === "ENOTDIR")
    return new InputError(`${path}: there is no such file`, { cause, code: "not-found" });
  if (code === "EISDIR") return new InputError(`${path}: this is a directory: name a log in it`, { cause });
  return new InputError(`${path}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
}

async function* iterableChunks(
  input: AsyncIterable<Uint8Array | string> | Iterable<Uint8Array | string>,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of input) yield chunkBytes(chunk);
}
