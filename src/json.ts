/** JSON that somebody else wrote. */

/** An object of a JSON text; its members are unknown. */
export type JsonRecord = Readonly<Record<string, unknown>>;

/** Whether a value of a JSON text is an object: neither null nor a list. */
export function isObject(value: unknown): value is JsonRecord {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value of a JSON text; undefined if the text is not JSON. */
export function readJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
