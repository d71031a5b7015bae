/** A log that is read more than once. */
import type { Again } from "../regained.js";
import type { Source } from "../source.js";

/** A longer log is read again each time. */
const MOST = 8 << 20;

/** A log as stored, whose bytes are kept once they were read to their end. */
export class KeptLog implements Source {
  readonly name: string;
  readonly path?: string;
  readonly size?: number;
  readonly stamp?: string;
  readonly again?: Again | undefined;
  readonly #log: Source;
  #kept: readonly Uint8Array[] | undefined;

  constructor(log: Source) {
    this.#log = log;
    const { name, path, size, stamp } = log;
    this.name = name;
    if (path !== undefined) this.path = path;
    if (size !== undefined) this.size = size;
    if (stamp !== undefined) this.stamp = stamp;
    this.again = log.again;
  }

  async *chunks(): AsyncGenerator<Uint8Array> {
    if (this.#kept !== undefined) return yield* this.#kept;
    let chunks: Uint8Array[] | undefined = [];
    let length = 0;
    for await (const chunk of this.#log.chunks()) {
      length += chunk.length;
      if (length > MOST) chunks = undefined;
      chunks?.push(new Uint8Array(chunk));
      yield chunk;
    }
    this.#kept = chunks;
  }
}
