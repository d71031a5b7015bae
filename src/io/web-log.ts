/** Every web type with bytes, as chunks. No Node API. */
import {
  ByteStream,
  chunkBytes,
  concatBytes,
  prepend,
  sliced,
  streamOf,
  untilAborted,
} from "./byte-stream.js";
import { InputError } from "./input-error.js";
import { kindIsOpen, kindOf, type Packing } from "./packed/packing.js";
import type { Again } from "./packed/recover.js";

/** What a log can be read from in a page. Text has to be put into a `Blob`, an address into `await fetch(address)`. */
export type WebLogInput =
  | Blob
  | Response
  | ReadableStream<Uint8Array | string>
  | ArrayBufferView
  | ArrayBuffer
  | AsyncIterable<Uint8Array | string>;

/** An input that was opened. */
export interface OpenedLog {
  /** The bytes as stored. `return` ends the input even while a read of it waits. */
  readonly chunks: ByteStream;
  /** Bytes as stored; absent if unknown: a stream, an answer without its length. */
  readonly size?: number;
  /** Reads the bytes a second time; absent if that is not possible, as with a stream. */
  readonly again?: Again;
}

/** An input whose first bytes were looked at. */
export interface WebLog extends OpenedLog {
  readonly packing: Packing | "plain";
  /** The whole input, if another thread can read it. */
  readonly blob?: Blob;
}

/** Bytes that are taken from memory at once. */
const SLICE = 1 << 20;
const LONGEST_MAGIC = 6;

/**
 * Looks at the first bytes of an input. `chunks` throws an InputError if the input can't be read: it is packed in a way
 * that is not unpacked here, was read before, or is the error of a server.
 *
 * @throws TypeError if it holds no bytes.
 */
export async function openWebLog(input: WebLogInput, signal?: AbortSignal): Promise<WebLog> {
  try {
    return await openedWebLog(input, signal);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const failing = new ByteStream(
      () => Promise.reject(error),
      () => {},
    );
    return { packing: "plain", chunks: failing };
  }
}

async function openedWebLog(input: WebLogInput, signal?: AbortSignal): Promise<WebLog> {
  const { blob, size, again, chunks: whole } = sourceOf(input);
  const chunks = signal === undefined ? whole : untilAborted(whole, signal);
  const rest = {
    ...(size === undefined ? {} : { size }),
    ...(blob === undefined ? {} : { blob }),
    ...(again === undefined ? {} : { again }),
  };
  try {
    if (blob !== undefined) {
      // A part of a file that has gone is empty; the file itself is an error.
      const head = await withMessage((size === 0 ? blob : blob.slice(0, LONGEST_MAGIC)).arrayBuffer());
      return { packing: packingOf(new Uint8Array(head)), ...rest, chunks };
    }
    let head: Uint8Array = new Uint8Array(0);
    while (kindIsOpen(head)) {
      const next = await chunks.next();
      if (next.done) break;
      head = concatBytes(head, next.value);
    }
    return { packing: packingOf(head), ...rest, chunks: head.length === 0 ? chunks : prepend(head, chunks) };
  } catch (error) {
    chunks.return().catch(() => {});
    throw error;
  }
}

/**
 * The bytes of a Blob.
 *
 * @throws InputError if the file can't be read, or not any further.
 */
export function blobChunks(blob: Blob): ByteStream {
  // Opened late: where a worker reads the Blob, this thread doesn't.
  let chunks: ByteStream | undefined;
  const next = () => {
    chunks ??= streamChunks(blob.stream());
    return withMessage(chunks.next());
  };
  return new ByteStream(next, () => chunks?.return());
}

function packingOf(head: Uint8Array): Packing | "plain" {
  const kind = kindOf(head);
  if (kind === undefined) return "plain";
  if (kind.packing !== undefined) return kind.packing;
  throw new InputError(
    `this is ${kind.format}, which is not read here: make plain text of it first, with \`${kind.command}\``,
  );
}

function sourceOf(input: WebLogInput): Omit<WebLog, "packing"> {
  // Told by what they can do: an object of another frame is no instance of this one's classes.
  if (typeof input !== "object" || input === null) throw new TypeError(unreadable(input));
  if (ArrayBuffer.isView(input))
    return memorySource(new Uint8Array(input.buffer, input.byteOffset, input.byteLength));
  if ("getReader" in input) return { chunks: streamChunks(input) };
  if ("slice" in input && "stream" in input)
    return { blob: input, size: input.size, chunks: blobChunks(input), again: () => blobChunks(input) };
  if ("headers" in input) return responseSource(input);
  if (Symbol.asyncIterator in input) return { chunks: iterableChunks(input) };
  if ("byteLength" in input) return memorySource(new Uint8Array(input));
  throw new TypeError(unreadable(input));
}

function unreadable(input: unknown): string {
  const what = typeof input === "string" ? "a text" : String(input);
  return (
    `a log is read from a File, Blob, Response, ReadableStream or bytes, and this is ${what}; ` +
    "for an address give `await fetch(address)`, for text `new Blob([text])`"
  );
}

function memorySource(bytes: Uint8Array): Omit<WebLog, "packing"> {
  const slices = () => sliced([bytes], SLICE);
  return { size: bytes.length, chunks: streamOf(slices()), again: slices };
}

function responseSource(response: Response): Omit<WebLog, "packing"> {
  const { status, statusText, url } = response;
  if (response.type === "opaque")
    throw new InputError("the answer of another server can't be read: that server has to allow it (CORS)");
  if (!response.ok)
    throw new InputError(`the server answered ${[status, statusText].join(" ").trim()} for ${url}`, {
      code: status === 404 ? "not-found" : "unreadable",
    });
  if (response.bodyUsed) throw new InputError("this answer of a server was read before: fetch it again");
  // The length is that of the packed bytes, which a page does not get to see.
  const length = response.headers.has("content-encoding") ? null : response.headers.get("content-length");
  const size = length === null ? {} : { size: Number(length) };
  if (response.body === null) return { ...size, chunks: streamOf(sliced([], SLICE)) };
  const chunks = streamChunks(response.body);
  const next = () =>
    chunks.next().catch((error: unknown) => {
      throw new InputError(`the server's answer broke off: ${message(error)}`, { cause: error });
    });
  return { ...size, chunks: new ByteStream(next, () => chunks.return()) };
}

function streamChunks(stream: ReadableStream<Uint8Array | string>): ByteStream {
  if (stream.locked) throw new InputError("this stream is being read by something else, or was read before");
  // By hand: not every browser lets a stream be iterated.
  const reader = stream.getReader();
  return new ByteStream(
    async () => bytesOf((await reader.read()) as IteratorResult<unknown>),
    () => reader.cancel().catch(() => {}),
  );
}

function iterableChunks(iterable: AsyncIterable<Uint8Array | string>): ByteStream {
  const iterator = iterable[Symbol.asyncIterator]();
  return new ByteStream(
    async () => bytesOf(await iterator.next()),
    () => iterator.return?.(),
  );
}

/** What others gave, as bytes. */
function bytesOf({ done, value }: IteratorResult<unknown>): IteratorResult<Uint8Array> {
  return done ? { done, value: undefined } : { value: chunkBytes(value) };
}

async function withMessage<Value>(reading: Promise<Value>): Promise<Value> {
  try {
    return await reading;
  } catch (error) {
    // A folder that was dropped is not there as a file, either.
    const gone = error instanceof Error && error.name === "NotFoundError";
    throw new InputError(
      `the file can't be read any further: it was changed, moved or removed since it was chosen (${message(error)})`,
      { cause: error, code: gone ? "not-found" : "unreadable" },
    );
  }
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
