/** JSON as W&B writes it: NaN, Infinity and -Infinity stand as bare words where JSON has no number for them. */

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

const CONTROL = "\u0001";
// A whole string with the colon that makes it a key, or one of the bare words.
const WORDS = /"(?:[^"\\]|\\.)*"(\s*:)?|-?Infinity|NaN/g;

/** Writes a value on one line; numbers that JSON lacks as `NaN`, `Infinity`, `-Infinity`. */
export function stringifyJson(value: JsonValue): string {
  if (typeof value === "number") return numberText(value);
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((item: JsonValue) => stringifyJson(item)).join(",")}]`;
  const members: string[] = [];
  for (const [key, member] of Object.entries(value)) {
    if (member !== undefined) members.push(`${JSON.stringify(key)}:${stringifyJson(member)}`);
  }
  return `{${members.join(",")}}`;
}

/**
 * Reads W&B JSON, bare words included.
 *
 * @throws SyntaxError when the text is not such JSON.
 */
export function parseJson(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch (error) {
    if (!text.includes("NaN") && !text.includes("Infinity")) throw error;
  }
  // Infinity has a spelling in JSON (a number out of range); NaN has none and travels as a marked string.
  // A string that itself starts with the mark gets it doubled, so that the two can't be confused.
  const plain = text.replace(WORDS, (word, colon: string | undefined) => {
    if (word === "NaN") return `"\\u0001NaN"`;
    if (word === "Infinity") return "1e999";
    if (word === "-Infinity") return "-1e999";
    return colon === undefined && word.startsWith(`"\\u0001`) ? `"\\u0001${word.slice(1)}` : word;
  });
  return JSON.parse(plain, (_key, value: unknown) => {
    if (typeof value !== "string" || !value.startsWith(CONTROL)) return value;
    return value === `${CONTROL}NaN` ? Number.NaN : value.slice(1);
  }) as JsonValue;
}

/**
 * Reads W&B JSON that has to be an object.
 *
 * @throws SyntaxError when it is not.
 */
export function parseJsonObject(text: string): { [key: string]: JsonValue | undefined } {
  const value = parseJson(text);
  if (value === null || typeof value !== "object" || Array.isArray(value)) {
    throw new SyntaxError(`expected a JSON object, got ${text.slice(0, 80)}`);
  }
  return value as { [key: string]: JsonValue | undefined };
}

function numberText(value: number): string {
  if (Number.isFinite(value)) return JSON.stringify(value);
  return Number.isNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
}
