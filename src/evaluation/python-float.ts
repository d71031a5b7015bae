/** Numbers as Python reads them: blanks around, `1_0`, `1e1`, `.5`, `nan`, `-inf`. */

const DIGITS = "\\d+(?:_\\d+)*";
const NUMBER = new RegExp(`^[-+]?(?:${DIGITS}(?:\\.(?:${DIGITS})?)?|\\.${DIGITS})(?:[eE][-+]?${DIGITS})?$`);
const WORD = /^([-+]?)(?:(inf(?:inity)?)|nan)$/i;

/** The number that is all of a text, as `float()` of Python takes it; nothing where it refuses the text. */
export function readFloat(text: string): number | undefined {
  const word = text.trim();
  if (NUMBER.test(word)) return Number(word.replaceAll("_", ""));
  const [matched, sign, infinite] = WORD.exec(word) ?? [];
  if (matched === undefined) return undefined;
  if (infinite === undefined) return Number.NaN;
  return sign === "-" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}
