/** Completion in real shells: keys in a pseudo-terminal, with files around them and no program in reach. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { check, freshFolder, startProgram } from "./run-binary.js";
import { runHere } from "./run-here.js";

const SHELLS = ["bash", "zsh", "fish"] as const;
type Shell = (typeof SHELLS)[number];

const isMissing = (program: string) => spawnSync(program, ["--version"]).status !== 0;
const missing = ["script", ...SHELLS].filter(isMissing);
if (missing.length > 0)
  process.stderr.write(`skipped: completion in shells that are not installed: ${missing.join(", ")}\n`);
const lacks = (...programs: readonly string[]) => programs.some((program) => missing.includes(program));

/** The shell's own settings, and how it starts with them and nothing else. */
const SETUPS = {
  bash: {
    file: "rc",
    text: ["PS1='READY> '", "source ./completion", "PATH="],
    command: "bash --rcfile ./rc",
  },
  zsh: {
    file: ".zshrc",
    text: [
      "PS1='READY> '",
      "bindkey -e",
      "autoload -U compinit",
      "compinit -u -D",
      "source ./completion",
      "path=()",
    ],
    command: "zsh -d",
  },
  fish: {
    file: "fish/config.fish",
    text: [
      "function fish_prompt; echo 'READY> '; end",
      "set fish_greeting",
      "source ./completion",
      "set PATH",
    ],
    command: "fish",
  },
};

async function script(shell: Shell): Promise<string> {
  const run = await runHere("run", ["completion", shell]);
  check(run, { code: 0, stdout: /./ });
  return run.stdout;
}

/** A folder with a log and a folder whose names begin alike, and the script. */
async function folderFor(shell: Shell): Promise<string> {
  const { file, text } = SETUPS[shell];
  return freshFolder({
    completion: await script(shell),
    [file]: `${text.join("\n")}\n`,
    words: `for word; do printf '<%s>' "$word"; done; echo ' END'\n`,
    "train log.txt": "",
    "traffic/x.txt": "",
  });
}

/** The words that the keys of each line leave at the prompt of a shell. */
async function typed(shell: Shell, lines: readonly string[]): Promise<string[]> {
  const folder = await folderFor(shell);
  const env = {
    HOME: folder,
    ZDOTDIR: folder,
    XDG_CONFIG_HOME: folder,
    XDG_DATA_HOME: folder,
    TERM: "vt100",
  };
  const command = join(folder, "words");
  const live = startProgram("script", ["-q", "-c", SETUPS[shell].command, "/dev/null"], { folder, env });
  const ends: string[] = [];
  await live.until((output) => output.includes("READY> "));
  for (const line of lines) {
    // From the beginning of the line: a program in front of it, which prints its words.
    live.child.stdin.write(`${line}\u0001/bin/sh ${command} \r`);
    await live.until((output) => {
      const all = [...output.matchAll(/(<[^\n]*>) END/g)].map(([, words = ""]) => words);
      ends.splice(0, ends.length, ...all);
      return all.length > lines.indexOf(line);
    });
  }
  live.child.stdin.end("exit\r");
  await live.done;
  return ends.map((words) => words.slice(1, -1).replaceAll("><", " | "));
}

/** What a shell offers, without a terminal; zsh can't say it. */
function offered(shell: "bash" | "fish", folder: string, words: readonly string[]): string[] {
  const program = {
    bash: `source ./completion; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _marian_tracking; printf '%s\n' "\${COMPREPLY[@]}"`,
    fish: "source ./completion; complete -C (string join ' ' -- $argv)",
  }[shell];
  const args = shell === "bash" ? ["-c", program, "bash", ...words] : ["-c", program, ...words];
  const { stdout, stderr } = spawnSync(shell, args, { cwd: folder, env: { HOME: folder }, encoding: "utf8" });
  expect(stderr).toBe("");
  return stdout.trimEnd().split("\n");
}

describe.each(SHELLS)("%s", (shell) => {
  it.skipIf(lacks("script", shell))(
    "completes commands, flags, values, files and folders of all programs",
    async () => {
      const folder = shell === "zsh" ? "traffic" : "traffic/";
      const format = shell === "zsh" ? "--format=ndjson" : "--format | ndjson";
      const cases = [
        ["marian-tracking par\t", "marian-tracking | parse"],
        ["marian-tracking train\t", "marian-tracking | train log.txt"],
        ["marian-tracking parse train\t --form\tnd\t", `marian-tracking | parse | train log.txt | ${format}`],
        ["marian-tracking parse --format=nd\t", "marian-tracking | parse | --format=ndjson"],
        ["marian-tracking parse --output-dir tra\t", `marian-tracking | parse | --output-dir | ${folder}`],
        ["marian-tracking parse -o tra\t", `marian-tracking | parse | -o | ${folder}`],
        [
          "marian-tracking parse --files-from train\t",
          "marian-tracking | parse | --files-from | train log.txt",
        ],
        ["marian-tracking parse --time-zone tra\t", "marian-tracking | parse | --time-zone | tra"],
        ["marian-tracking parse -- --form\t", "marian-tracking | parse | -- | --form"],
        ["marian-tracking check --only nan,div\t", "marian-tracking | check | --only | nan,divergence"],
        ["marian-tracking group --no-wan\t", "marian-tracking | group | --no-wandb"],
        ["marian-tracking help pl\t", "marian-tracking | help | plan"],
        ["marian-tracking completion z\t", "marian-tracking | completion | zsh"],
        ["marian-tracking --vers\t", "marian-tracking | --version"],
        ["parse_tc_logs --from-s\t", "parse_tc_logs | --from-stream"],
        ["parse_tc_logs -i train\t", "parse_tc_logs | -i | train log.txt"],
        ["parse_experiment_dir -m sn\t", "parse_experiment_dir | -m | snakemake"],
        ["parse_tc_group x --only tr\t", "parse_tc_group | x | --only | training"],
      ];
      const ends = await typed(
        shell,
        cases.map(([keys = ""]) => keys),
      );
      expect(ends).toEqual(cases.map(([, words]) => words));
    },
  );
});

describe("the script", () => {
  it.each(["bash", "fish"] as const)("for %s offers every flag", async (shell) => {
    if (lacks(shell)) return;
    const { Config } = await import("@oclif/core");
    const folder = await folderFor(shell);
    const { commands } = await Config.load(import.meta.dirname);
    for (const { id, hidden, flags } of commands.filter((command) => /^parse|^compare/.test(command.id))) {
      const names = Object.values(flags).flatMap((flag) =>
        flag.type === "boolean" && flag.allowNo
          ? [`--${flag.name}`, `--no-${flag.name}`]
          : [`--${flag.name}`],
      );
      const words = hidden ? [id, "--"] : ["marian-tracking", id, "--"];
      const all = offered(shell, folder, words).map((line) => line.replace(/\t.*/, ""));
      expect(all.filter((name) => name !== "--version").sort()).toEqual([...names, "--help"].sort());
    }
  });

  it("for bash also completes where = does not break words", async () => {
    const folder = await folderFor("bash");
    const words = ["marian-tracking", "check", "train.log", "--only=nan,st"];
    expect(offered("bash", folder, words)).toEqual(["--only=nan,stall"]);
  });

  it.skipIf(lacks("fish"))("for fish describes commands, flags and values", async () => {
    const folder = await folderFor("fish");
    expect(offered("fish", folder, ["marian-tracking", "che"])).toEqual([
      expect.stringMatching(/^check\tFind what went wrong/),
    ]);
    expect(offered("fish", folder, ["marian-tracking", "parse", "a.log", "--stri"])).toEqual([
      expect.stringMatching(/^--strict\tunmatched lines/),
    ]);
  });

  it.skipIf(lacks("zsh"))("for zsh also works as a file of $fpath, and describes flags", async () => {
    const folder = freshFolder({ "functions/_marian-tracking": await script("zsh"), ".zshrc": "" });
    const rc =
      "fpath=(./functions $fpath); autoload -U compinit; compinit -u -D; print -l $_comps[parse_tc_logs]";
    const { stdout } = spawnSync("zsh", ["-dfc", rc], {
      cwd: folder,
      env: { HOME: folder },
      encoding: "utf8",
    });
    expect(stdout).toBe("_marian-tracking\n");
    expect(await script("zsh")).toMatch(/'\(--strict\)--strict\[unmatched lines are an error/);
  });
});

describe("the command completion", () => {
  it("takes the shell from the environment", async () => {
    const run = await runHere("run", ["completion"], { env: { SHELL: "/usr/local/bin/fish" } });
    check(run, { code: 0, stdout: await script("fish") });
  });

  it.each([
    [["tcsh"], "/bin/bash", "Expected tcsh to be one of: bash, zsh, fish"],
    [[], "/bin/tcsh", "name the shell, bash, zsh or fish: SHELL is '/bin/tcsh'"],
    [[], "", "name the shell, bash, zsh or fish: SHELL is ''"],
  ])("%j with SHELL=%s is a usage error of two lines", async (args, SHELL, message) => {
    const run = await runHere("run", ["completion", ...args], { env: { SHELL } });
    const lines = [`Error: ${message}`, "See marian-tracking completion --help"];
    expect([run.code, run.stdout, run.stderr]).toEqual([
      2,
      "",
      lines.map((line) => ` ›   ${line}\n`).join(""),
    ]);
  });
});
