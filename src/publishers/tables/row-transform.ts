/** Changes of text rows on their way from a part into the whole table. */

const [QUOTE, COMMA, LINE_FEED] = [0x22, 0x2c, 0x0a];
const encoder = new TextEncoder();
const [BETWEEN, END] = [encoder.encode(","), encoder.encode("\r\n")];

/**
 * Takes a table's bytes in any chunks and returns them changed. A chunk may be used again after the call; what is
 * returned holds until the next.
 */
export interface RowTransform {
  take(chunk: Uint8Array): Uint8Array;
  /** What is left at the end. */
  end(): Uint8Array;
}

/** Puts the same text into every row before its last two bytes: those that end a line of CSV, or an object's line. */
export class RowEnds implements RowTransform {
  readonly #text: Uint8Array;
  readonly #quotes: boolean;
  #out = Buffer.alloc(0);
  #quoted = false;
  /** The last byte of the chunk before: it may be the first of the two. */
  #held: number | undefined;

  /** @param quotes Whether line feeds between quotation marks are part of a cell. */
  constructor(text: string, quotes: boolean) {
    this.#text = encoder.encode(text);
    this.#quotes = quotes;
  }

  take(chunk: Uint8Array): Uint8Array {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    const hasQuotes = this.#quotes && (this.#quoted || bytes.includes(QUOTE));
    const text = this.#text;
    // There is always room for the rest of the chunk and one more text.
    const needed = bytes.length + text.length + 1;
    let out = this.#out.length >= needed ? this.#out : Buffer.alloc(needed + Math.ceil(bytes.length / 8));
    let to = 0;
    if (this.#held !== undefined) out[to++] = this.#held;
    let from = 0;
    for (;;) {
      const end = hasQuotes ? this.#rowEnd(bytes, from) : bytes.indexOf(LINE_FEED, from);
      if (end === -1) break;
      to += bytes.copy(out, to, from, end + 1);
      from = end + 1;
      // The last two bytes move after the text.
      const last = out[to - 2] ?? LINE_FEED;
      out.set(text, to - 2);
      to += text.length;
      out[to - 2] = last;
      out[to - 1] = LINE_FEED;
      if (to + needed - from > out.length) {
        const grown = Buffer.alloc(2 * out.length + needed);
        out.copy(grown, 0, 0, to);
        out = grown;
      }
    }
    to += bytes.copy(out, to, from);
    this.#out = out;
    this.#held = to > 0 ? out[to - 1] : undefined;
    return out.subarray(0, Math.max(0, to - 1));
  }

  /** Where the row ends that goes on at `from`; -1 if that is in another chunk. */
  #rowEnd(bytes: Buffer, from: number): number {
    for (let at = from; at < bytes.length; at += 1) {
      if (bytes[at] === QUOTE) this.#quoted = !this.#quoted;
      else if (bytes[at] === LINE_FEED && !this.#quoted) return at;
    }
    return -1;
  }

  end(): Uint8Array {
    return this.#held === undefined ? new Uint8Array(0) : Uint8Array.of(this.#held);
  }
}

/** Changes whole lines. */
abstract class Rows implements RowTransform {
  #rest: Uint8Array = new Uint8Array(0);

  take(chunk: Uint8Array): Uint8Array {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const { changed, end } = this.rows(bytes);
    this.#rest = new Uint8Array(bytes.subarray(end));
    return changed;
  }

  end(): Uint8Array {
    return this.#rest;
  }

  /** Changes the whole rows in `bytes`, and returns where they end. */
  protected abstract rows(bytes: Uint8Array): { readonly changed: Uint8Array; readonly end: number };
}

/** Cells of an old row that stay together, the first and the last; or the text of a new cell. */
type Span = readonly [first: number, last: number] | Uint8Array;

/** Puts the cells of CSV rows into another order. */
export class CellOrder extends Rows {
  readonly #spans: readonly Span[];

  /** @param cells For each cell of the new row, its index in the old one, or its text. */
  constructor(cells: readonly (number | string)[]) {
    super();
    const spans: Span[] = [];
    for (const cell of cells) {
      const last = spans.at(-1);
      if (typeof cell === "string") spans.push(encoder.encode(cell));
      else if (Array.isArray(last) && last[1] === cell - 1) spans[spans.length - 1] = [last[0], cell];
      else spans.push([cell, cell]);
    }
    this.#spans = spans;
  }

  protected rows(bytes: Uint8Array): { changed: Uint8Array; end: number } {
    const parts: Uint8Array[] = [];
    let end = 0;
    let quoted = false;
    /** Where each cell of the row starts; a comma follows each, and the line's end the last. */
    let starts = [0];
    for (let at = 0; at < bytes.length; at += 1) {
      const byte = bytes[at];
      if (byte === QUOTE) quoted = !quoted;
      else if (byte === COMMA && !quoted) starts.push(at + 1);
      else if (byte === LINE_FEED && !quoted) {
        starts.push(at);
        for (const [index, span] of this.#spans.entries()) {
          if (index > 0) parts.push(BETWEEN);
          if (span instanceof Uint8Array) parts.push(span);
          else parts.push(bytes.subarray(starts[span[0]], (starts[span[1] + 1] ?? 0) - 1));
        }
        parts.push(END);
        end = at + 1;
        starts = [end];
      }
    }
    return { changed: Buffer.concat(parts), end };
  }
}

/** Renames fields of JSON lines, and adds a segment if one is given. */
export class FieldNames extends Rows {
  readonly #names: ReadonlyMap<string, string>;
  readonly #segment: number | undefined;

  constructor(names: ReadonlyMap<string, string>, segment: number | undefined) {
    super();
    this.#names = names;
    this.#segment = segment;
  }

  protected rows(bytes: Uint8Array): { changed: Uint8Array; end: number } {
    const end = bytes.lastIndexOf(LINE_FEED) + 1;
    const lines = new TextDecoder().decode(bytes.subarray(0, end)).split("\n");
    let changed = "";
    for (const line of lines) {
      if (line === "") continue;
      const fields = Object.entries(JSON.parse(line) as Record<string, unknown>);
      if (this.#segment !== undefined) fields.push(["segment", this.#segment]);
      changed += `${JSON.stringify(Object.fromEntries(fields.map(([name, value]) => [this.#names.get(name) ?? name, value])))}\n`;
    }
    return { changed: encoder.encode(changed), end };
  }
}
