import {
  type CompletedCommand,
  type CompletedFlag,
  type CompletionTable,
  HELP,
  type Values,
  VERSION,
} from "./table.js";

/** The script for zsh: a file `_marian-tracking` of `$fpath`, or sourced after `compinit`. */
export function zshCompletion({ program, commands, others }: CompletionTable): string {
  const programs = [program, ...others.map(({ id }) => id)].join(" ");
  const name = `_${program}`;
  const described = commands.map(({ id, description }) => `    ${quoted(`${id}:${escaped(description)}`)}`);
  return `#compdef ${programs}
# Completion for zsh. Made by: ${program} completion zsh

${name}() {
  local -a subcommands=(
${described.join("\n")}
  )
  case \${words[1]:t} in
    ${others.map(({ id }) => id).join("|")}) ;;
    *)
      if (( CURRENT == 2 )); then
        if [[ $PREFIX == -* ]]; then
          _arguments ${[HELP, VERSION].flatMap(specs).join(" ")}
        else
          _describe -t commands command subcommands
          _files
        fi
        return
      fi
      shift words
      (( CURRENT-- ))
      ;;
  esac
  case \${words[1]:t} in
${[...commands, ...others].map(caseOf).join("\n")}
    *) _files ;;
  esac
}

if [[ $funcstack[1] == ${name} ]]; then
  ${name} "$@"
else
  compdef ${name} ${programs}
fi
`;
}

function caseOf({ id, flags, inputs }: CompletedCommand): string {
  const all = [
    ...flags.flatMap(specs),
    ...(inputs === undefined ? [] : [quoted(`*:input:${action(inputs)}`)]),
  ];
  return `    ${id})\n      _arguments -s -S ${all.join(" \\\n        ")}\n      ;;`;
}

/** What `_arguments` takes for a flag, for each of its names. */
function specs({ names, aliases, description, values, isMultiple, isList }: CompletedFlag): string[] {
  const all = [...names, ...aliases];
  const others = isMultiple ? "*" : `(${all.join(" ")})`;
  const value = values === undefined ? "" : `:value:${isList ? list(values) : action(values)}`;
  return names.map((name) => {
    const takes = values === undefined ? "" : name.startsWith("--") ? "=" : "+";
    return quoted(`${others}${name}${takes}[${escaped(description)}]${value}`);
  });
}

function action(values: Values): string {
  if (typeof values === "object") return `(${values.join(" ")})`;
  return { files: "_files", folders: "_files -/", free: " " }[values];
}

function list(values: Values): string {
  return typeof values === "object" ? `_sequence compadd - ${values.join(" ")}` : action(values);
}

/** Brackets and colons end a description. */
function escaped(text: string): string {
  return text.replace(/[\\[\]:]/g, "\\$&");
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
