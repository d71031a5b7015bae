/**
 * JSON as Weights & Biases writes it: with bare `NaN`, `Infinity` and `-Infinity`.
 * Plain JSON has no such numbers; JSON.parse throws on them and JSON.stringify turns them into null.
 */

/** A value that has a place in JSON, with non-finite numbers allowed. Absent values (undefined) are left out. */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | undefined
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

/** An object of JSON values. */
export type JsonObject = { readonly [key: string]: JsonValue };

/** Writes a value; non-finite numbers bare, undefined members left out, undefined elsewhere as null. */
export function stringifyJsonish(value: JsonValue): string {
  if (typeof value === "number") return writeNumber(value);
  if (typeof value !== "object" || value === null)
    return value === undefined ? "null" : JSON.stringify(value);
  if (isList(value)) return `[${value.map(stringifyJsonish).join(",")}]`;
  let text = "{";
  for (const key of Object.keys(value)) {
    const member = value[key];
    if (member === undefined) continue;
    if (text.length > 1) text += ",";
    text += `${writeKey(key)}:${stringifyJsonish(member)}`;
  }
  return `${text}}`;
}

/** Reads JSON with bare non-finite numbers. Throws a SyntaxError when the text is malformed. */
export function parseJsonish(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    // Only texts with such a word can be helped; everything else is malformed.
    if (!text.includes("NaN") && !text.includes("Infinity")) throw error;
    return new Reader(text).document();
  }
}

function isList(value: object): value is readonly JsonValue[] {
  return Array.isArray(value);
}

function writeNumber(value: number): string {
  // JSON.stringify is used for finite numbers only for -0, which it writes as 0.
  return Number.isFinite(value) ? String(value === 0 ? 0 : value) : String(value);
}

// The same few keys come with every row, so their quoted form is kept. The bound keeps odd inputs from filling memory.
const quotedKeys = new Map<string, string>();
const QUOTED_KEYS_KEPT = 4096;

function writeKey(key: string): string {
  const known = quotedKeys.get(key);
  if (known !== undefined) return known;
  const quoted = JSON.stringify(key);
  if (quotedKeys.size < QUOTED_KEYS_KEPT) quotedKeys.set(key, quoted);
  return quoted;
}

const SPACE = /[ \t\r\n]*/y;
const STRING = /"(?:[^"\\]|\\.)*"/y;
const SCALAR = /-?Infinity|NaN|true|false|null|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y;

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): unknown {
    const value = this.#value();
    this.#take(SPACE);
    if (this.#at < this.#text.length) throw this.#malformed();
    return value;
  }

  #value(): unknown {
    this.#take(SPACE);
    const first = this.#text[this.#at];
    if (first === "{") return this.#object();
    if (first === "[") return this.#list();
    if (first === '"') return this.#string();
    const word = this.#take(SCALAR);
    if (word === undefined) throw this.#malformed();
    return word.endsWith("NaN") || word.endsWith("Infinity") ? Number(word) : JSON.parse(word);
  }

  #object(): Record<string, unknown> {
    const entries: [string, unknown][] = [];
    this.#at += 1;
    if (this.#skip("}")) return {};
    for (;;) {
      this.#take(SPACE);
      const key = this.#string();
      if (!this.#skip(":")) throw this.#malformed();
      entries.push([key, this.#value()]);
      if (this.#skip("}")) return Object.fromEntries(entries);
      if (!this.#skip(",")) throw this.#malformed();
    }
  }

  #list(): unknown[] {
    const items: unknown[] = [];
    this.#at += 1;
    if (this.#skip("]")) return items;
    for (;;) {
      items.push(this.#value());
      if (this.#skip("]")) return items;
      if (!this.#skip(",")) throw this.#malformed();
    }
  }

  #string(): string {
    const quoted = this.#take(STRING);
    if (quoted === undefined) throw this.#malformed();
    return JSON.parse(quoted) as string;
  }

  #skip(character: string): boolean {
    this.#take(SPACE);
    if (this.#text[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }

  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  #malformed(): SyntaxError {
    return new SyntaxError(`malformed JSON at position ${this.#at}`);
  }
}
