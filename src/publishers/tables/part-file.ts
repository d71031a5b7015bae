/** A file of a part: rows of a table, some of whose columns may be known only when all parts are there. */
import { type FileHandle, open } from "node:fs/promises";

/** Rows of a text table that lack the same columns. */
export interface Section {
  /** What the rows have, in this order. */
  readonly columns: readonly string[];
  /** The segment that all of them come from, where `segment` is not among the columns. */
  readonly segment: number;
  readonly bytes: number;
}

/** Bytes are written when so many are ready. */
const READY = 1 << 20;

/** Bytes so many at once are written as they are; fewer are put together first. */
const LARGE = 1 << 16;

/** A file that is only appended to. It is made with the first bytes. */
export class PartFile {
  readonly #path: string;
  #file: FileHandle | undefined;
  #ready: Uint8Array[] = [];
  #readyBytes = 0;
  #size = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /** Bytes up to now. */
  get size(): number {
    return this.#size;
  }

  /** Takes bytes, which must not change afterwards; {@link flush} writes them. */
  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#ready.push(bytes);
    this.#readyBytes += bytes.length;
    this.#size += bytes.length;
  }

  /** Writes what is ready, if that is worth it. */
  async flush(all = false): Promise<void> {
    if (this.#readyBytes === 0 || (!all && this.#readyBytes < READY)) return;
    const large = this.#readyBytes / this.#ready.length > LARGE;
    const ready = large ? this.#ready : [Buffer.concat(this.#ready)];
    this.#ready = [];
    this.#readyBytes = 0;
    this.#file ??= await open(this.#path, "w");
    for (const bytes of ready) await this.#file.appendFile(bytes);
  }

  async close(): Promise<void> {
    try {
      await this.flush(true);
    } finally {
      await this.#file?.close();
    }
  }
}

/** A text table of a part. */
export class SectionFile extends PartFile {
  readonly #sections: Section[] = [];
  readonly #encoder = new TextEncoder();

  get sections(): readonly Section[] {
    return this.#sections;
  }

  /** Takes whole rows. */
  add(rows: Uint8Array | string, columns: readonly string[], segment: number): void {
    const bytes = typeof rows === "string" ? this.#encoder.encode(rows) : rows;
    if (bytes.length === 0) return;
    this.push(bytes);
    const last = this.#sections.at(-1);
    const same =
      last !== undefined &&
      last.segment === segment &&
      last.columns.length === columns.length &&
      last.columns.every((column, index) => column === columns[index]);
    if (!same) this.#sections.push({ columns, segment, bytes: bytes.length });
    else this.#sections[this.#sections.length - 1] = { ...last, bytes: last.bytes + bytes.length };
  }
}
