/** Marian's command line as options. */
import { quote, split } from "shlex";

/** What was read last: a training that starts again and again has one command line. */
let last: { readonly commandLine: string; readonly options: Arguments } | undefined;

/** Options by name: without a value `true`, with one a string, with several a list. */
export type Arguments = Readonly<Record<string, true | string | readonly string[]>>;

/**
 * Reads the options of a command line as Marian prints it: the path of the binary, then `--key`, `--key value…`,
 * `--key=value` and `-k value`. Values may be negative numbers. Given twice, an option keeps all its values.
 *
 * Marian joins its arguments with blanks and quotes nothing, so quotes are taken as a shell would only where they
 * are balanced.
 */
export function readArguments(commandLine: string): Arguments {
  if (last?.commandLine !== commandLine) last = { commandLine, options: parse(commandLine) };
  return last.options;
}

function parse(commandLine: string): Arguments {
  const values = new Map<string, string[]>();
  let key: string | undefined;
  for (const word of words(commandLine).slice(1)) {
    const option = /^--?([A-Za-z][^=\s]*)(?:=(.*))?$/s.exec(word);
    if (option) {
      key = option[1] ?? "";
      const known = values.get(key) ?? [];
      values.set(key, option[2] === undefined ? known : [...known, option[2]]);
    } else if (key !== undefined) {
      values.get(key)?.push(word);
    }
  }
  return Object.freeze(Object.fromEntries([...values].map(([name, list]) => [name, settle(list)])));
}

/** Whether a quotation of the command line never closes. */
export function isCut(commandLine: string): boolean {
  return shellWords(commandLine) === undefined;
}

function settle(list: readonly string[]): true | string | readonly string[] {
  const [first] = list;
  if (first === undefined) return true;
  return list.length === 1 ? first : Object.freeze([...list]);
}

function words(commandLine: string): string[] {
  return shellWords(commandLine) ?? commandLine.split(/\s+/).filter((word) => word !== "");
}

/** What makes a shell take blanks for a part of a word. */
const QUOTING = /['"\\]/;

/** The words as a shell takes them; undefined if it can't. */
function shellWords(commandLine: string): string[] | undefined {
  // Most command lines quote nothing, and the package takes its time.
  if (!QUOTING.test(commandLine)) return commandLine.split(/[ \t\r\n]+/).filter((word) => word !== "");
  try {
    return split(commandLine);
  } catch {
    return undefined;
  }
}

/** Words as a shell reads them back. */
export function quoteWords(words: readonly string[]): string {
  return words.map((word) => quote(word)).join(" ");
}
