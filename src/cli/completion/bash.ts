import { type CompletedCommand, type CompletionTable, HELP, VERSION } from "./table.js";

/**
 * The script for bash 3.2 and newer. Where the function offers nothing, `complete -o default` lets readline complete
 * names of files, with their blanks and tildes. `compopt`, which bash 3.2 of macOS lacks, narrows that to folders or
 * to nothing.
 */
export function bashCompletion({ program, commands, others }: CompletionTable): string {
  const ids = commands.map(({ id }) => id);
  return `# Completion of ${[program, ...others.map(({ id }) => id)].join(", ")} for bash.
# Made by: ${program} completion bash

_marian_tracking() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]}
  local command=\${COMP_WORDS[0]##*/} before='' separator='' only_inputs=no offered='' flags='' values='' word
  local -i at
  COMPREPLY=()
  case $command in
    ${others.map(({ id }) => id).join(" | ")}) ;;
    *)
      command=\${COMP_WORDS[1]}
      if ((COMP_CWORD == 1)); then command=''; fi
      ;;
  esac
  # The words of --flag=value are three, unless COMP_WORDBREAKS has no =.
  if [[ $current == = ]]; then
    current=''
  elif [[ $previous == = ]]; then
    previous=\${COMP_WORDS[COMP_CWORD - 2]}
  elif [[ $current == --*=* ]]; then
    previous=\${current%%=*} before=$previous= current=\${current#*=}
  fi
  for ((at = 1; at < COMP_CWORD; at++)); do
    if [[ \${COMP_WORDS[at]} == -- ]]; then previous='' only_inputs=yes; fi
  done
  case $command in
    '')
      flags=${quoted([...HELP.names, ...VERSION.names])}
      offered=${quoted(ids)}
      ;;
${[...commands, ...others].map(caseOf).join("\n")}
  esac
  case $values in
    files) return ;;
    folders)
      compopt +o default -o dirnames 2>/dev/null
      return
      ;;
    free)
      compopt +o default 2>/dev/null
      return
      ;;
    '') if [[ $current == -* && $only_inputs == no ]]; then offered=$flags; fi ;;
    *)
      offered=$values
      if [[ -n $separator && $current == *$separator* ]]; then
        before=$before\${current%$separator*}$separator current=\${current##*$separator}
      fi
      compopt +o default 2>/dev/null
      ;;
  esac
  for word in $offered; do
    if [[ $word == "$current"* ]]; then COMPREPLY+=("$before$word"); fi
  done
}

complete -o default -F _marian_tracking ${[program, ...others.map(({ id }) => id)].join(" ")}
`;
}

function caseOf({ id, flags, inputs }: CompletedCommand): string {
  const names = flags.flatMap((flag) => flag.names);
  const named = new Map<string, string[]>();
  for (const { names: offered, aliases, values, isList } of flags) {
    if (values === undefined) continue;
    const value = typeof values === "string" ? values : quoted(values);
    const settings = `values=${value}${isList ? " separator=," : ""}`;
    named.set(settings, [...(named.get(settings) ?? []), ...offered, ...aliases]);
  }
  const values = [...named].map(([settings, flag]) => `        ${flag.join(" | ")}) ${settings} ;;`);
  return [
    `    ${id})`,
    `      flags=${quoted(names)}`,
    ...(typeof inputs === "object" ? [`      offered=${quoted(inputs)}`] : []),
    ...(values.length === 0 ? [] : ["      case $previous in", ...values, "      esac"]),
    "      ;;",
  ].join("\n");
}

function quoted(words: readonly string[]): string {
  return `'${words.join(" ")}'`;
}
