/** Anything that holds bytes, as chunks of bytes. */
import { statSync } from "node:fs";
import { open } from "node:fs/promises";
import { chunkBytes } from "./byte-stream.js";
import { isFifo, openFifo } from "./fifo.js";
import { InputError } from "./packed/packing.js";
import type { Again } from "./packed/recover.js";

/** What a log can be read from: a path, a `file:` URL, bytes, a Blob, or any stream or iterable of bytes. */
export type LogInput =
  | string
  | URL
  | ArrayBufferView
  | ArrayBuffer
  | Blob
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array | string>
  | Iterable<Uint8Array | string>;

/** Bytes read from a file at once. */
const CHUNK = 1 << 20;

/** The buffer of the last file, for the next: archives hold thousands. */
let spare: Uint8Array | undefined;

/**
 * The bytes of a file. The buffer is used again: a chunk holds until the next is asked for, the last one until the end.
 *
 * @param length Of the buffer: a small one is quicker for small files.
 */
export async function* fileChunks(path: string | URL, length = CHUNK): AsyncGenerator<Uint8Array> {
  if (await isFifo(path)) return yield* openFifo(path);
  const file = await open(path, "r");
  try {
    const buffer = (length === CHUNK ? spare : undefined) ?? new Uint8Array(length);
    if (buffer === spare) spare = undefined;
    try {
      for (;;) {
        const { bytesRead } = await file.read(buffer, 0, length);
        if (bytesRead === 0) return;
        yield buffer.subarray(0, bytesRead);
      }
    } finally {
      if (length === CHUNK) spare = buffer;
    }
  } finally {
    await file.close();
  }
}

/**
 * The bytes of a file that the caller named.
 *
 * @throws InputError where it can't be opened or read.
 */
async function* namedChunks(path: string | URL): AsyncGenerator<Uint8Array> {
  const chunks = fileChunks(path);
  try {
    for (;;) {
      // What the reader of the chunks throws is not the file's.
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

/** The bytes of an input a second time; undefined where they come once, as those of a stream. */
export function inputAgain(input: LogInput): Again | undefined {
  if (typeof input === "string" || input instanceof URL) {
    const isFile = statSync(input, { throwIfNoEntry: false })?.isFile() === true;
    return isFile ? () => fileChunks(input) : undefined;
  }
  const isBytes = ArrayBuffer.isView(input) || input instanceof ArrayBuffer || input instanceof Blob;
  return isBytes ? () => inputChunks(input) : undefined;
}

/**
 * The bytes of any input. A string is a path; to parse text, encode it.
 *
 * @throws TypeError, at once, when it is nothing that holds bytes.
 */
export function inputChunks(input: LogInput): AsyncGenerator<Uint8Array> {
  if (typeof input === "string" || input instanceof URL) return namedChunks(input);
  if (ArrayBuffer.isView(input) || input instanceof ArrayBuffer || input instanceof Blob || isIterable(input))
    return givenChunks(input);
  throw new TypeError(
    `a log is read from a path, a file: URL, bytes, a Blob, a stream or an iterable of bytes, and this is ${String(input)}`,
  );
}

async function* givenChunks(input: Exclude<LogInput, string | URL>): AsyncGenerator<Uint8Array> {
  if (ArrayBuffer.isView(input) || input instanceof ArrayBuffer) return yield chunkBytes(input);
  const stream: AsyncIterable<Uint8Array | string> | Iterable<Uint8Array | string> =
    input instanceof Blob ? (input.stream() as ReadableStream<Uint8Array>) : input;
  for await (const chunk of stream) yield chunkBytes(chunk);
}

function isIterable(input: unknown): boolean {
  return (
    typeof input === "object" && input !== null && (Symbol.asyncIterator in input || Symbol.iterator in input)
  );
}
