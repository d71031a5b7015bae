/** A log that is read more than once. */
import type { Again } from "../io/packed/recover.js";
import type { Source } from "../io/source.js";

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
  readonly #beside: Source | undefined;
  #kept: readonly Uint8Array[] | undefined;

  /** @param beside A log that is read with it, and may be written as it is. */
  constructor(log: Source, beside?: Source) {
    this.#log = log;
    this.#beside = beside;
    const { name, path, size, stamp } = log;
    this.name = name;
    if (path !== undefined) this.path = path;
    if (size !== undefined) this.size = size;
    if (stamp !== undefined) this.stamp = stamp;
    this.again = log.again;
  }

  get changed(): boolean {
    return this.#log.changed === true || this.#beside?.changed === true;
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
