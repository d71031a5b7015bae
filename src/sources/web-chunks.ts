/** Anything of the web that holds bytes, as chunks of bytes; gzip is unpacked. No Node API. */

/** What a log can be read from in a page. */
export type WebLogInput =
  | Blob
  | Response
  | ReadableStream<Uint8Array>
  | Uint8Array
  | ArrayBuffer
  | AsyncIterable<Uint8Array>;

/** The bytes of an input. */
export async function* webChunks(input: WebLogInput): AsyncGenerator<Uint8Array> {
  const iterator = bytesOf(input)[Symbol.asyncIterator]();
  try {
    let head = new Uint8Array(0);
    let next = await iterator.next();
    while (!next.done) {
      head = join(head, next.value);
      if (head.length >= 2) break;
      next = await iterator.next();
    }
    const rest = prepend(head, iterator);
    yield* head[0] === 0x1f && head[1] === 0x8b ? unpack(rest) : rest;
  } finally {
    await iterator.return?.();
  }
}

function bytesOf(input: WebLogInput): AsyncIterable<Uint8Array> {
  if (input instanceof Uint8Array) return single(input);
  if (input instanceof ArrayBuffer) return single(new Uint8Array(input));
  if (input instanceof Blob) return streamChunks(input.stream());
  if (input instanceof ReadableStream) return streamChunks(input);
  if (input instanceof Response)
    return input.body === null ? single(new Uint8Array(0)) : streamChunks(input.body);
  return input;
}

async function* single(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** Not every browser lets a stream be iterated. */
async function* streamChunks(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

async function* unpack(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const iterator = chunks[Symbol.asyncIterator]();
  const packed = new ReadableStream<BufferSource>({
    async pull(controller) {
      const next = await iterator.next();
      if (next.done) controller.close();
      else controller.enqueue(next.value as Uint8Array<ArrayBuffer>);
    },
    async cancel() {
      await iterator.return?.();
    },
  });
  yield* streamChunks(packed.pipeThrough(new DecompressionStream("gzip")));
}

function join(one: Uint8Array, other: Uint8Array): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(one.length + other.length);
  joined.set(one);
  joined.set(other, one.length);
  return joined;
}

async function* prepend(head: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  if (head.length > 0) yield head;
  for (;;) {
    const next = await rest.next();
    if (next.done) return;
    yield next.value;
  }
}
