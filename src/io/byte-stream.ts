/** Chunks of bytes that come in their own time, and can be given up while one is awaited. No Node API. */

/** Asks for the next chunk. */
type Next = () => Promise<IteratorResult<Uint8Array>>;

/** An iterator whose `return` ends its source at once; a generator's would wait for a read that is under way. */
export class ByteStream implements AsyncIterableIterator<Uint8Array> {
  readonly next: Next;
  readonly #end: () => unknown;

  constructor(next: Next, end: () => unknown) {
    this.next = next;
    this.#end = end;
  }

  async return(): Promise<IteratorResult<Uint8Array>> {
    await this.#end();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

/** The chunks of anything that can be iterated. */
export function streamOf(chunks: AsyncIterable<Uint8Array>): ByteStream {
  const iterator = chunks[Symbol.asyncIterator]();
  return new ByteStream(
    () => iterator.next(),
    () => iterator.return?.(),
  );
}

/** The chunks after one that was taken from them. */
export function prepend(head: Uint8Array, rest: ByteStream): ByteStream {
  let first: Uint8Array | undefined = head;
  const next: Next = async () => {
    if (first === undefined) return rest.next();
    const value = first;
    first = undefined;
    return { done: false, value };
  };
  return new ByteStream(next, () => rest.return());
}

/** The chunks; an abort is thrown and ends the source at once, even while a chunk is awaited. */
export function untilAborted(chunks: ByteStream, signal: AbortSignal): ByteStream {
  let giveUp: ((reason: unknown) => void) | undefined;
  const abort = () => {
    giveUp?.(signal.reason);
    chunks.return().catch(() => {});
  };
  signal.addEventListener("abort", abort, { once: true });
  const end = () => {
    signal.removeEventListener("abort", abort);
    return chunks.return();
  };
  const next: Next = async () => {
    signal.throwIfAborted();
    const result = await new Promise<IteratorResult<Uint8Array>>((resolve, reject) => {
      giveUp = reject;
      chunks.next().then(resolve, reject);
    });
    if (result.done) await end();
    return result;
  };
  return new ByteStream(next, end);
}

/**
 * A chunk that others gave, as bytes.
 *
 * @throws TypeError if it is not a stream.
 */
export function chunkBytes(chunk: unknown): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk;
  if (typeof chunk === "string") return new TextEncoder().encode(chunk);
  if (ArrayBuffer.isView(chunk)) return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  if (chunk instanceof ArrayBuffer) return new Uint8Array(chunk);
  throw new TypeError(`a chunk of a log is a Uint8Array, and this is ${String(chunk)}`);
}

/** The chunks, cut so that none is longer than `length`. */
export async function* sliced(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  length: number,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks)
    for (let at = 0; at < chunk.length; at += length) yield chunk.subarray(at, at + length);
}

/**
 * The parts as one, a copy.
 *
 * @internal TypeScript before 5.7 can't read its type.
 */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
