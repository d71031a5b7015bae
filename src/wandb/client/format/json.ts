/**
 * JSON as Weights & Biases writes it: `NaN`, `Infinity` and `-Infinity` stand as bare words where JSON has no number.
 * JSON.parse throws on them, and JSON.stringify turns them into null.
 */

/** Anything that can be written as W&B JSON. `undefined` members of objects are left out. */
export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue | undefined };

/** An object of named values, such as one row of the history. */
export type JsonObject = { readonly [key: string]: JsonValue | undefined };

/** Writes a value on one line. */
export function stringifyJson(value: JsonValue): string {
  // Bare words for what is not finite; -0 becomes 0, as JSON.stringify has it.
  if (typeof value === "number") return String(value);
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  if (isList(value)) return `[${value.map(stringifyJson).join(",")}]`;
  let text = "{";
  for (const key of Object.keys(value)) {
    const member = value[key];
    if (member === undefined) continue;
    if (text.length > 1) text += ",";
    text += `${keyText(key)}:${stringifyJson(member)}`;
  }
  return `${text}}`;
}

const MARK = "\u0001";
// A whole string with the colon that makes it a key, or one of the bare words.
const WORDS = /"(?:[^"\\]|\\.)*"(\s*:)?|-?Infinity|NaN(\s*:)?/g;

/**
 * Reads W&B JSON.
 *
 * @throws SyntaxError when the text is not such JSON.
 */
export function parseJson(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch (error) {
    // Only texts with such a word can be helped; everything else is malformed.
    if (!text.includes("NaN") && !text.includes("Infinity")) throw error;
  }
  // Infinity has a spelling in JSON (a number out of range); NaN has none and travels as a marked string.
  // A string that itself starts with the mark gets it doubled, so that the two can't be confused.
  const plain = text.replace(WORDS, (word, colon: string | undefined) => {
    if (word === "NaN") return `"\\u0001NaN"`;
    // Blanks, so that nothing on either side becomes a part of the number.
    if (word === "Infinity") return " 1e999 ";
    if (word === "-Infinity") return " -1e999 ";
    return colon === undefined && word.startsWith(`"\\u0001`) ? `"\\u0001${word.slice(1)}` : word;
  });
  return JSON.parse(plain, (_key, value: unknown) => {
    if (typeof value !== "string" || !value.startsWith(MARK)) return value;
    return value === `${MARK}NaN` ? Number.NaN : value.slice(1);
  }) as JsonValue;
}

/**
 * Reads W&B JSON that has to be an object.
 *
 * @throws SyntaxError when it is not.
 */
export function parseJsonObject(text: string): { [key: string]: JsonValue | undefined } {
  const value = parseJson(text);
  if (value === null || typeof value !== "object" || isList(value)) {
    throw new SyntaxError(`expected a JSON object, got ${text.slice(0, 80)}`);
  }
  return { ...value };
}

function isList(value: object): value is readonly JsonValue[] {
  return Array.isArray(value);
}

// The same few keys come with every row, so their quoted form is kept. The bound keeps memory small.
const quotedKeys = new Map<string, string>();
const QUOTED_KEYS_KEPT = 4096;

function keyText(key: string): string {
  const known = quotedKeys.get(key);
  if (known !== undefined) return known;
  const quoted = JSON.stringify(key);
  if (quotedKeys.size < QUOTED_KEYS_KEPT) quotedKeys.set(key, quoted);
  return quoted;
}
