/** The frames of a zstd file, told apart without unpacking them. No Node API. */

import { concatBytes } from "../byte-stream.js";
import { damaged, endsEarly, InputError } from "../input-error.js";

/** What a frame says of its content, known when its bytes have been taken. */
export interface FrameEnd {
  /** The low 32 bits of the content's XXH64; absent if the frame has none. */
  readonly checksum?: number;
  /** Bytes of the content; absent if the frame does not say. */
  readonly size?: bigint;
}

/** A frame. Its chunks are to be taken to their end before the next frame is asked for. */
export interface Frame {
  readonly chunks: AsyncIterable<Uint8Array>;
  /** @throws Error before the chunks were taken. */
  end(): FrameEnd;
}

/** What was read of data that turns out not to be what was packed: nobody can tell where it differs. */
export function wrongChecksum(cause?: unknown): InputError {
  return new InputError(
    "the zstd data is damaged: it does not match its checksum, so values read from it may be wrong; fetch or pack it again",
    { cause },
  );
}

const MAGIC = 0xfd2fb528;
const SKIPPED = 0x184d2a50;
const SIZE_BYTES = [0, 2, 4, 8] as const;
const DICTIONARY_BYTES = [0, 1, 2, 4] as const;
/** What zstd itself takes unless it is told otherwise. */
const LARGEST_WINDOW = 128 * 1024 * 1024;
const LONGEST_BLOCK = 128 * 1024;

/**
 * The frames of a file, one after the other; what is to be skipped is.
 *
 * @throws InputError if something between frames or their blocks is not what it must be.
 */
export async function* zstdFrames(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Frame> {
  const bytes = new Bytes(chunks);
  try {
    while (!(await bytes.isAtEnd())) {
      const head = await bytes.take(4);
      const magic = view(head).getUint32(0, true);
      if (magic === MAGIC) {
        let found: FrameEnd | undefined;
        const content = frame(bytes, head, (end) => {
          found = end;
        });
        yield {
          chunks: content,
          end: () => {
            if (found === undefined) throw new Error("the frame has not been taken to its end");
            return found;
          },
        };
      } else if ((magic & 0xfffffff0) >>> 0 === SKIPPED) {
        const length = view(await bytes.take(4)).getUint32(0, true);
        for await (const _skipped of bytes.upTo(length));
      } else throw damaged({ format: "zstd", reason: "no zstd frame follows the last one" }, undefined);
    }
  } finally {
    await bytes.close();
  }
}

async function* frame(
  bytes: Bytes,
  magic: Uint8Array,
  ended: (end: FrameEnd) => void,
): AsyncGenerator<Uint8Array> {
  const [descriptor = 0] = await bytes.take(1);
  if ((descriptor & 8) !== 0)
    throw damaged({ format: "zstd", reason: "a reserved bit of the frame is set" }, undefined);
  const isSingle = (descriptor & 32) !== 0;
  const sizeBytes = SIZE_BYTES[(descriptor >> 6) as 0 | 1 | 2 | 3] || (isSingle ? 1 : 0);
  const before = (isSingle ? 0 : 1) + DICTIONARY_BYTES[(descriptor & 3) as 0 | 1 | 2 | 3];
  const rest = await bytes.take(before + sizeBytes);
  if (!isSingle && windowSize(rest[0] ?? 0) > LARGEST_WINDOW)
    throw new InputError("this zstd was packed with a window of more than 128 MB", {
      hint: "use `zstd -dc --long=31 FILE | marian-tracking parse -`",
    });
  yield concatBytes(magic, Uint8Array.of(descriptor), rest);
  for (let isLast = false; !isLast; ) {
    const head = await bytes.take(3);
    const [one = 0, two = 0, three = 0] = head;
    const size = (one >> 3) | (two << 5) | (three << 13);
    const type = (one >> 1) & 3;
    if (type === 3) throw damaged({ format: "zstd", reason: "a block of a reserved type" }, undefined);
    if (size > LONGEST_BLOCK) throw damaged({ format: "zstd", reason: "a block is too large" }, undefined);
    isLast = (one & 1) === 1;
    yield head;
    yield* bytes.upTo(type === 1 ? 1 : size);
  }
  const size = sizeBytes === 0 ? {} : { size: contentSize(rest.subarray(before)) };
  if ((descriptor & 4) === 0) return ended(size);
  const checksum = await bytes.take(4);
  yield checksum;
  ended({ ...size, checksum: view(checksum).getUint32(0, true) });
}

function windowSize(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3));
  return base + (base / 8) * (descriptor & 7);
}

function contentSize(field: Uint8Array): bigint {
  let size = 0n;
  for (const [index, byte] of field.entries()) size |= BigInt(byte) << BigInt(8 * index);
  return field.length === 2 ? size + 256n : size;
}

/** Bytes from chunks, as many as are asked for. */
class Bytes {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #held: Uint8Array = new Uint8Array(0);

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  async isAtEnd(): Promise<boolean> {
    while (this.#held.length === 0) {
      const next = await this.#chunks.next();
      if (next.done) return true;
      this.#held = next.value;
    }
    return false;
  }

  /** A few bytes, copied. */
  async take(count: number): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    for await (const part of this.upTo(count)) parts.push(part.slice());
    return concatBytes(...parts);
  }

  /** So many bytes, as they come. */
  async *upTo(count: number): AsyncGenerator<Uint8Array> {
    let left = count;
    while (left > 0) {
      if (await this.isAtEnd()) throw endsEarly("zstd", undefined);
      const part = this.#held.subarray(0, left);
      this.#held = this.#held.subarray(part.length);
      left -= part.length;
      yield part;
    }
  }

  async close(): Promise<void> {
    await this.#chunks.return?.();
  }
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
