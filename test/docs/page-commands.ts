/** The commands that a page of the documentation shows, with the output that it shows for them. */

export interface PageCommand {
  readonly line: number;
  readonly command: string;
  /** Undefined if the page shows no output. */
  readonly output: string | undefined;
}

/** What a line without a prompt begins with if it is a command. */
const PROGRAM =
  /^(?:[A-Z_]+=\S* )*(?:marian-tracking|parse_tc_\w+|parse_experiment_dir|marian|opustrainer-train|npm|npx|node|pip|uvx?|python3?|docker|git|esbuild|export|env|eval|source|cat|cp|tar|duckdb|tensorboard|sbatch|spark-sql|gcloud|kubectl|UPDATE_DOCS=1|jobs\/\S+|\.ci\/run) /;

/** Finds the commands of blocks without a language, or of the language `sh`. A block is of commands if its first line is one. */
export function commandsOf(text: string): PageCommand[] {
  const found: PageCommand[] = [];
  for (const { 1: code = "", index } of text.matchAll(/^```(?:sh|bash)?\n(.*?)^```$/gms)) {
    const first = text.slice(0, index).split("\n").length + 1;
    const lines = code.replace(/\n$/, "").split("\n");
    const isSession = lines[0]?.startsWith("$ ") ?? false;
    if (!isSession && !PROGRAM.test(`${lines[0]} `)) continue;
    for (let at = 0; at < lines.length; at += 1) {
      const start = at;
      const prompted = lines[at]?.startsWith("$ ");
      if (isSession ? !prompted : lines[at]?.trim() === "" || lines[at]?.startsWith("#")) continue;
      let command = (lines[at] ?? "").replace(/^\$ /, "");
      // A command goes on after a backslash, and within quotes.
      while (at + 1 < lines.length && (command.endsWith("\\") || isOpen(command))) {
        at += 1;
        command += `\n${lines[at]}`;
      }
      let output: string | undefined;
      if (isSession) {
        const shown: string[] = [];
        while (at + 1 < lines.length && !lines[at + 1]?.startsWith("$ ")) {
          at += 1;
          shown.push(lines[at] ?? "");
        }
        output = shown.length === 0 ? undefined : `${shown.join("\n")}\n`;
      }
      found.push({ line: first + start, command, output });
    }
  }
  return found;
}

/** Whether quotes are open at the end of a command; a comment has none. */
function isOpen(command: string): boolean {
  const code = command.replace(/(?:^|\s)#.*$/, "");
  return (
    (code.match(/"/g)?.length ?? 0) % 2 === 1 ||
    (code.replace(/"[^"]*"/g, "").match(/'/g)?.length ?? 0) % 2 === 1
  );
}
