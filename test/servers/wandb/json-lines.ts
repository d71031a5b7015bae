// Quoted with a NUL in front, so that JSON.parse takes them; no text of a run looks like that.
// biome-ignore lint/suspicious/noControlCharactersInRegex: the NUL is the point.
const MARKED = /^\u0000(?:NaN|-?Infinity)$/;
const BARE = /"(?:[^"\\]|\\.)*"|-?\bInfinity\b|\bNaN\b/g;

/** JSON.parse that accepts bare NaN and infinities as the W&B clients write them. */
export function parseLine(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    const marked = text.replace(BARE, (token) => (token.startsWith('"') ? token : `"\\u0000${token}"`));
    return JSON.parse(marked, (_key, value: unknown) =>
      typeof value === "string" && MARKED.test(value) ? Number(value.slice(1)) : value,
    );
  }
}

/** A line as an object; anything else is an empty object. */
export function parseRow(text: string | undefined): Record<string, unknown> {
  if (text === undefined || text === "") return {};
  const value = parseLine(text);
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};
}
