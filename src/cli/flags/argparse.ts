/** Reads the command lines of the compatibility binaries as Python's argparse reads those of the Python commands. */
import { publicArguments } from "../../http/index.js";
import type { PlainCommand } from "../command-context.js";
import { suggestion } from "../usage-error.js";

/** What a compatibility binary takes. */
export interface ArgparseCommand extends Pick<PlainCommand, "flags" | "args"> {
  /** The long options of the Python command: an abbreviation that is clear there is clear here, whatever flags we add. */
  readonly reference: readonly string[];
  /** Whether a word that begins with a dash is an input all the same. */
  readonly isInput?: (word: string) => boolean;
}

/** What the words of a command line say. */
export type ArgparseResult =
  /** The same command line, with each option once, in full, as `--name=value`. */
  | { readonly kind: "arguments"; readonly argv: readonly string[] }
  | { readonly kind: "help" | "version" }
  | { readonly kind: "wrong"; readonly message: string };

/** An option as argparse knows it. */
interface Option {
  /** The name of the flag, or what the program itself does. */
  readonly name: string;
  /** In the order in which messages name them. */
  readonly strings: readonly string[];
  /** Other names, which messages leave out. */
  readonly aliases: readonly string[];
  /** How many words it takes; `many`: one or more. */
  readonly takes: "none" | "one" | "many";
  /** Whether each occurrence adds a value. Otherwise the last one stands. */
  readonly adds: boolean;
  readonly choices: readonly string[];
  /** Names of the options that exclude it. */
  readonly exclusive: readonly string[];
}

/** A word as argparse sorts it before it reads any. */
type Word =
  | { readonly kind: "text" | "end" | "unknown" }
  | { readonly kind: "option"; readonly option: Option; readonly typed: string; readonly value?: string };

const NEGATIVE_NUMBER = /^-\d+$|^-\d*\.\d+$/;

/** Ends the reading of a wrong command line; never leaves this module. */
const wrong = (message: string) => ({ kind: "wrong", message }) as const;

/** Reads the words after the name of the program. */
export function readArgparse(given: readonly string[], command: ArgparseCommand): ArgparseResult {
  return new Reading(given, command).read();
}

/** An option that takes nothing, but for what is given. */
function option(name: string, strings: readonly string[], more: Partial<Option> = {}): Option {
  return { name, strings, aliases: [], takes: "none", adds: false, choices: [], exclusive: [], ...more };
}

function optionsOf(flags: PlainCommand["flags"]): Option[] {
  const options = [option("help", ["-h", "--help"]), option("version", ["-V", "--version"])];
  for (const [name, flag] of Object.entries(flags)) {
    const { char, exclusive = [] } = flag;
    const aliases = (flag.aliases ?? []).map((alias) => `--${alias}`);
    const strings = [`--${name}`, ...(char === undefined ? [] : [`-${char}`])];
    if (flag.type === "boolean") {
      options.push(option(name, strings, { aliases, exclusive }));
      if (flag.allowNo) options.push(option(`no-${name}`, [`--no-${name}`], { exclusive }));
    } else {
      const takes = flag.multiple && !flag.multipleNonGreedy ? "many" : "one";
      const adds = flag.multiple === true && takes === "one";
      options.push(option(name, strings, { aliases, takes, adds, choices: flag.options ?? [], exclusive }));
    }
  }
  return options;
}

class Reading {
  readonly #given: readonly string[];
  readonly #command: ArgparseCommand;
  readonly #strings = new Map<string, Option>();
  /** What each flag was given, by its name; the order is that of the last occurrences. */
  readonly #taken = new Map<string, { readonly option: Option; readonly values: readonly string[] }>();
  readonly #inputs: string[] = [];
  readonly #unknown: string[] = [];

  constructor(given: readonly string[], command: ArgparseCommand) {
    this.#given = given;
    this.#command = command;
    for (const option of optionsOf(command.flags))
      for (const text of [...option.strings, ...option.aliases]) this.#strings.set(text, option);
  }

  read(): ArgparseResult {
    const words: Word[] = [];
    let isOver = false;
    for (const text of this.#given) {
      if (isOver) words.push({ kind: "text" });
      else if (text === "--") {
        isOver = true;
        words.push({ kind: "end" });
      } else {
        const word = this.#sort(text);
        if (word.kind === "wrong") return word;
        words.push(word);
      }
    }
    for (let at = 0; at < words.length; ) {
      const result = this.#take(words, at);
      if (typeof result !== "number") return result;
      at = result;
    }
    const { args, flags } = this.#command;
    const missing = [
      ...Object.entries(flags).flatMap(([name, { required }]) =>
        required && !this.#taken.has(name) ? [`${this.#titleOf(`--${name}`)}`] : [],
      ),
      ...Object.keys(args).slice(this.#inputs.length),
    ];
    if (missing.length > 0) return wrong(`the following arguments are required: ${missing.join(", ")}`);
    if (this.#unknown.length > 0) {
      const [typed = ""] = this.#unknown;
      const known = [...this.#strings.keys()].filter((text) => text.startsWith("--"));
      const [meant] = typed.startsWith("--") ? suggestion(typed.replace(/=.*$/s, ""), known) : [];
      const list = publicArguments(this.#unknown).join(" ");
      return wrong(
        `unrecognized arguments: ${list}${meant === undefined ? "" : `; ${meant.replace("Did", "did")}`}`,
      );
    }
    const options = [...this.#taken.values()].flatMap(({ option: { name, takes }, values }) =>
      takes === "none" ? [`--${name}`] : values.map((value) => `--${name}=${value}`),
    );
    return {
      kind: "arguments",
      argv: [...options, ...(this.#inputs.length > 0 ? ["--", ...this.#inputs] : [])],
    };
  }

  /** Reads what begins at a word. Returns the place of the next one, or how the reading ends. */
  #take(words: readonly Word[], at: number): number | ArgparseResult {
    const word = words[at];
    const text = this.#given[at] ?? "";
    if (word === undefined || word.kind === "end") return at + 1;
    if (word.kind === "text" && this.#inputs.length < Object.keys(this.#command.args).length)
      this.#inputs.push(text);
    else if (word.kind !== "option") this.#unknown.push(text);
    if (word.kind !== "option") return at + 1;
    let { option, value } = word;
    let { typed } = word;
    // In -vs, what follows the first letter are options too.
    while (option.takes === "none" && value !== undefined) {
      const next =
        typed.startsWith("--") || value === "" ? undefined : this.#strings.get(`-${value.charAt(0)}`);
      if (next === undefined)
        return wrong(`argument ${option.strings.join("/")}: ignored explicit argument '${value}'`);
      const ended = this.#store(option, []);
      if (ended !== undefined) return ended;
      typed = `-${value.charAt(0)}`;
      value = value.length > 1 ? value.slice(1) : undefined;
      option = next;
    }
    const values = value === undefined ? [] : [value];
    let next = at + 1;
    if (value === undefined && option.takes !== "none") {
      const limit = option.takes === "one" ? next + 1 : words.length;
      while (next < limit && words[next]?.kind === "text") values.push(this.#given[next++] ?? "");
      if (values.length === 0) {
        const expected = option.takes === "one" ? "expected one argument" : "expected at least one argument";
        return wrong(`argument ${option.strings.join("/")}: ${expected}`);
      }
    }
    return this.#store(option, values) ?? next;
  }

  #store(option: Option, values: readonly string[]): ArgparseResult | undefined {
    const { name, choices, exclusive, strings } = option;
    if (name === "help" || name === "version") return { kind: name };
    for (const [other, { option: taken }] of this.#taken)
      if (exclusive.includes(other) || taken.exclusive.includes(name))
        return wrong(
          `argument ${strings.join("/")}: not allowed with argument ${this.#titleOf(`--${other}`)}`,
        );
    const bad = choices.length === 0 ? undefined : values.find((value) => !choices.includes(value));
    if (bad !== undefined)
      return wrong(
        `argument ${strings.join("/")}: invalid choice: '${bad}' (choose from ${choices.join(", ")})`,
      );
    const before = this.#taken.get(name)?.values ?? [];
    // A flag and its opposite are one.
    for (const opposite of [`no-${name}`, name.replace(/^no-/, "")]) this.#taken.delete(opposite);
    this.#taken.set(name, { option, values: option.adds ? [...before, ...values] : values });
    return undefined;
  }

  #sort(text: string): Word | Extract<ArgparseResult, { kind: "wrong" }> {
    if (!text.startsWith("-") || text === "-" || this.#command.isInput?.(text)) return { kind: "text" };
    const exact = this.#strings.get(text);
    if (exact !== undefined) return { kind: "option", option: exact, typed: text };
    const [, name = text, value] = /^([^=]*)=(.*)$/s.exec(text) ?? [];
    const named = this.#strings.get(name);
    if (named !== undefined && value !== undefined)
      return { kind: "option", option: named, typed: name, value };
    if (!text.startsWith("--")) {
      const typed = text.slice(0, 2);
      const option = this.#strings.get(typed);
      if (option !== undefined) return { kind: "option", option, typed, value: text.slice(2) };
    } else {
      const matches = this.#abbreviated(name);
      const [typed] = matches;
      const options = new Set(matches.map((match) => this.#strings.get(match)));
      if (options.size > 1) return wrong(`ambiguous option: ${text} could match ${matches.join(", ")}`);
      const [option] = options;
      if (option !== undefined && typed !== undefined)
        return { kind: "option", option, typed, ...(value === undefined ? {} : { value }) };
    }
    return { kind: NEGATIVE_NUMBER.test(text) || text.includes(" ") ? "text" : "unknown" };
  }

  /** The long options that begin so; if the Python command has some, those alone. */
  #abbreviated(prefix: string): string[] {
    const { reference } = this.#command;
    const theirs = ["--help", ...reference].filter((text) => text.startsWith(prefix));
    if (theirs.length > 0) return theirs;
    return [...this.#strings.keys()].filter((text) => text.startsWith(prefix));
  }

  #titleOf(text: string): string {
    return this.#strings.get(text)?.strings.join("/") ?? text;
  }
}
