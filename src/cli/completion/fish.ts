import { type CompletedCommand, type CompletionTable, HELP, type Values, VERSION } from "./table.js";

/** The script for fish, for `~/.config/fish/completions` or to source. */
export function fishCompletion({ program, commands, others }: CompletionTable): string {
  const first = `complete -c ${program} -n __marian_tracking_first`;
  return `# Completion for fish. Made by: ${program} completion fish

function __marian_tracking_first
    set -l words (commandline -opc)
    test (count $words) -eq 1
end

function __marian_tracking_command
    set -l words (commandline -opc)
    test (count $words) -gt 1; and test $words[2] = $argv[1]
end

${[HELP, VERSION].map((flag) => `${first}${names(flag.names)} -d ${quoted(flag.description)}`).join("\n")}
${commands.map(({ id, description }) => `${first} -a ${id} -d ${quoted(description)}`).join("\n")}

${commands.flatMap((command) => lines(command, `complete -c ${program} -n '__marian_tracking_command ${command.id}'`)).join("\n")}

${others.flatMap((command) => lines(command, `complete -c ${command.id}`)).join("\n")}
`;
}

function lines({ flags, inputs }: CompletedCommand, complete: string): string[] {
  const flagLines = flags.map(({ names: offered, description, values, isList }) => {
    const takes = values === undefined ? "" : ` ${isList ? list(values) : action(values)}`;
    return `${complete}${names(offered)}${takes} -d ${quoted(description)}`;
  });
  // Without this, fish offers files.
  const inputLines = typeof inputs === "object" ? [`${complete} -f -a ${quoted(inputs.join(" "))}`] : [];
  return [...flagLines, ...(inputs === undefined ? [`${complete} -f`] : inputLines)];
}

function names(flag: readonly string[]): string {
  return flag
    .map((name) => (name.startsWith("--") ? ` -l ${name.slice(2)}` : ` -s ${name.slice(1)}`))
    .join("");
}

function action(values: Values): string {
  if (typeof values === "object") return `-x -a ${quoted(values.join(" "))}`;
  return { files: "-r -F", folders: "-x -a '(__fish_complete_directories)'", free: "-x" }[values];
}

function list(values: Values): string {
  if (typeof values !== "object") return action(values);
  return `-x -a ${quoted(`(__fish_append , ${values.join(" ")})`)}`;
}

function quoted(text: string): string {
  return `'${text.replace(/[\\']/g, "\\$&")}'`;
}
