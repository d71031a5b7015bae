/** The help: of the program in groups, and of each command with examples that can be copied. */
import { type Command, CommandHelp, Help } from "@oclif/core";
import { programOf } from "./usage-error.js";

/** The commands that the help of the program lists, in this order. */
export const GROUPS: Readonly<Record<string, readonly string[]>> = {
  "Read a log": ["parse", "check"],
  "Look at it": ["summary", "report", "compare"],
  "Weights & Biases": ["archive", "eval", "sync", "doctor"],
  Taskcluster: ["group", "task", "ls", "logs", "download", "label"],
  "Many machines": ["plan", "status", "publish", "schema"],
  Help: ["help", "completion"],
};

const EXAMPLES = ["train.log", "report models/ -o models.html", "archive experiments --no-wandb -o tables"];

/** The help of a command. */
class CommandPage extends CommandHelp {
  protected override usage(): string {
    const { args, flags, strict } = this.command;
    const inputs = Object.values(args).map(({ name, required }) => {
      const input = `${name.toUpperCase()}${strict === false ? "..." : ""}`;
      return required === true ? input : `[${input}]`;
    });
    const required = Object.values(flags).flatMap((flag) =>
      flag.required === true && flag.type === "option"
        ? [`--${flag.name} ${flag.helpValue ?? flag.options?.join("|") ?? "<value>"}`]
        : [],
    );
    const optional = Object.keys(flags).length > required.length ? ["[FLAGS]"] : [];
    const words = [programOf(this.command, this.config.bin), ...inputs, ...required, ...optional];
    return this.wrap(`$ ${words.join(" ")}`);
  }

  /** The framework puts defaults first; descriptions that say them say them last. The group's header says W&B. */
  protected override flags(flags: Command.Flag.Any[]): [string, string | undefined][] | undefined {
    return super
      .flags(flags)
      ?.map(([left, right]) => [
        left,
        right?.replace(/^(\[(?:default|env): .*?\]) (.*)/, "$2  $1").replace(/^W&B: /, ""),
      ]);
  }

  protected override description(): string | undefined {
    const { description } = this.command;
    return description === undefined ? undefined : this.wrap(description);
  }

  protected override examples(examples: Command.Example[] = []): string | undefined {
    const pages = examples.map((example) => {
      const { command, description } =
        typeof example === "string" ? { command: example, description: undefined } : example;
      const lines = commandLines(this.render(command), this.opts.maxWidth - 2 * this.indentSpacing);
      return [
        ...(description === undefined ? [] : [this.wrap(description), ""]),
        ...lines.map((line) => this.indent(line)),
      ].join("\n");
    });
    return pages.length === 0 ? undefined : pages.join("\n\n");
  }
}

/** What `--help` and the command `help` print. */
export class ProgramHelp extends Help {
  protected override CommandHelpClass = CommandPage;

  protected override async showRootHelp(): Promise<void> {
    const { bin, pjson } = this.config;
    const known = new Map(this.sortedCommands.map((command) => [command.id, command]));
    const width = Math.max(...[...known.keys()].map((id) => id.length));
    const groups = Object.entries(GROUPS).map(([title, ids]) => {
      const rows = ids.flatMap((id): [string, string][] => {
        const command = known.get(id);
        return command === undefined ? [] : [[id.padEnd(width), this.summary(command) ?? ""]];
      });
      return this.section(title, rows);
    });
    const sections = [
      this.wrap(pjson.description ?? ""),
      this.section("USAGE", `$ ${bin} COMMAND [INPUT...] [FLAGS]`),
      ...groups,
      this.section("EXAMPLES", EXAMPLES.map((example) => `$ ${bin} ${example}`).join("\n")),
      `See ${bin} COMMAND --help for flags, examples and exit codes.`,
    ];
    this.log(sections.join("\n\n"));
  }
}

/**
 * A command for people to copy: a shell reads the lines as one, since all but the last end with a backslash. It breaks
 * at blanks, never within quotes, and before flags and operators rather than before their values. A word that is
 * longer than `width` stays whole.
 */
export function commandLines(command: string, width: number): string[] {
  const fits = (text: string) => text.length <= width - "$  \\".length;
  const words = command.match(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g) ?? [];
  const parts = joined(words, (part, word) => !/^(?:-|\||&&|>)/.test(word) && fits(`${part} ${word}`));
  const lines = joined(parts, (line, part) => fits(`${line} ${part}`));
  return lines.map((line, at) => `${at === 0 ? "$" : " "} ${line}${at < lines.length - 1 ? " \\" : ""}`);
}

/** Joins neighbours by a blank as long as they belong together. */
function joined(texts: readonly string[], together: (text: string, next: string) => boolean): string[] {
  const all: string[] = [];
  for (const next of texts) {
    const text = all.at(-1);
    if (text !== undefined && together(text, next)) all[all.length - 1] = `${text} ${next}`;
    else all.push(next);
  }
  return all;
}
