/** Changes of CSV rows on their way from one file into another. */
import { tabCell } from "./row-text.js";

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

/** Puts the same text into every row: at its end, or before its last cells if some are to stay last. */
export class RowEnds extends Rows {
  readonly #text: Uint8Array;
  readonly #trailing: number;
  #out = Buffer.alloc(0);

  /** @param trailing How many cells stay after the text. */
  constructor(text: string, trailing = 0) {
    super();
    this.#text = encoder.encode(text);
    this.#trailing = trailing;
  }

  protected rows(rows: Uint8Array): { changed: Uint8Array; end: number } {
    const bytes = Buffer.from(rows.buffer, rows.byteOffset, rows.length);
    const hasQuotes = bytes.includes(QUOTE);
    const text = this.#text;
    const rest = bytes.length + text.length;
    let out = this.#out.length >= rest ? this.#out : Buffer.alloc(rest + Math.ceil(bytes.length / 8));
    let [to, from, copied] = [0, 0, 0];
    for (;;) {
      const end = hasQuotes ? rowEnd(bytes, from) : bytes.indexOf(LINE_FEED, from);
      if (end === -1) break;
      const at = this.#place(bytes, from, end);
      to += bytes.copy(out, to, copied, at);
      // Shorter than a call of `set` is worth.
      for (let index = 0; index < text.length; index += 1) out[to + index] = text[index] ?? 0;
      to += text.length;
      copied = at;
      from = end + 1;
      // There is always room for what is left and one more text.
      if (to + rest - copied > out.length) {
        const grown = Buffer.alloc(2 * out.length + rest);
        out.copy(grown, 0, 0, to);
        out = grown;
      }
    }
    to += bytes.copy(out, to, copied, from);
    this.#out = out;
    return { changed: out.subarray(0, to), end: from };
  }

  /** Where the text goes in the row that starts at `from` and whose line feed is at `end`. */
  #place(bytes: Buffer, from: number, end: number): number {
    let at = end - 1;
    let quoted = false;
    for (let left = this.#trailing; left > 0 && at > from; ) {
      at -= 1;
      if (bytes[at] === QUOTE) quoted = !quoted;
      else if (bytes[at] === COMMA && !quoted) left -= 1;
    }
    return at;
  }
}

/** Where the row ends that starts at `from`; -1 if its end is not in `bytes`. */
function rowEnd(bytes: Uint8Array, from: number): number {
  let quoted = false;
  for (let at = from; at < bytes.length; at += 1) {
    if (bytes[at] === QUOTE) quoted = !quoted;
    else if (bytes[at] === LINE_FEED && !quoted) return at;
  }
  return -1;
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

/** Rows of CSV as cells between tabs. */
export class TabCells extends Rows {
  protected rows(bytes: Uint8Array): { changed: Uint8Array; end: number } {
    let end = 0;
    for (let at = rowEnd(bytes, end); at !== -1; at = rowEnd(bytes, end)) end = at + 1;
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, end).toString();
    const changed = text.replace(/"((?:[^"]|"")*)"|\r\n|[,\t\\]/g, (found: string, quoted?: string) => {
      if (quoted !== undefined) return tabCell(quoted.replaceAll('""', '"'));
      return found === "," ? "\t" : found === "\r\n" ? "\n" : tabCell(found);
    });
    return { changed: encoder.encode(changed), end };
  }
}
