/**
 * Text from outside on its way to a person: names of files, tasks, runs and metrics, answers of servers, lines of logs.
 * Nothing in it may move the cursor, set a title, turn the direction of writing, or look like a line of ours. What is
 * data, such as CSV, is not escaped.
 */

/** Control characters, bidirectional ones, separators of lines, and halves of characters, which no encoding can write. */
const UNSAFE = String.raw`\p{Cc}\p{Bidi_Control}\p{Cs}\u2028\u2029`;
const CONTROL = new RegExp(String.raw`(?![\n\t])[${UNSAFE}]`, "gu");
const CONTROL_OR_BREAK = new RegExp(`[${UNSAFE}]`, "gu");

/**
 * Writes what is unsafe as `\u001b`; line feeds and tabs stay. In the text of a JSON document this leaves the values as
 * they are. What is escaped already stays as it is.
 */
export function escapeText(text: string): string {
  return text.replace(CONTROL, escaped);
}

/** The same for what has to stay on one line: its line feeds and tabs are written so, too. */
export function escapeLine(text: string): string {
  return text.replace(CONTROL_OR_BREAK, escaped);
}

/** Lines for people: each is escaped, so that it stays one line, and ends in a line feed. Empty without lines. */
export function linesText(lines: readonly string[]): string {
  return lines.map((line) => `${escapeLine(line)}\n`).join("");
}

/** A value as indented JSON that may go to a terminal, with a line feed; numbers that JSON lacks are `"NaN"`, `"Infinity"`, `"-Infinity"`. */
export function jsonText(value: unknown): string {
  const named = (_key: string, part: unknown) =>
    typeof part === "number" && !Number.isFinite(part) ? String(part) : part;
  return `${escapeText(JSON.stringify(value, named, 2))}\n`;
}

function escaped(character: string): string {
  return `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`;
}
