/** Starts the four programs. They share one bundle. The framework is loaded only if the command line needs it. */
import { existsSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { EXIT, stopCode } from "../exit-code.js";
import { STDIN } from "../io/inputs.js";
import { waitForDescriptors } from "../io/open-files.js";
import { sweepTemporaryFolders } from "../io/temporary-folder.js";
import { say, sayText } from "../io/terminal.js";
import { signalsDelivered, stopReceived } from "../live/pipe-signals.js";
import { loadFramework } from "./load-framework.js";
import { asksVersion, runPlain } from "./plain-commands.js";
import { outliveHangup } from "./stop-signal.js";

/**
 * Optimised code of the core costs V8 more than reading 20 MB with the code that it makes first. By this budget (about the
 * bytes of code that a function has run) only larger logs get it.
 */
const OPTIMISE_AFTER = "--wasm-tiering-budget=100000000";

/**
 * Runs a command and ends the process once its output is written. If standard output fails, a message and the exit code
 * say so.
 */
export async function start(given: readonly string[], binary: string): Promise<void> {
  // First, since it lets the loading of all that follows wait for file descriptors.
  waitForDescriptors();
  setFlagsFromString(OPTIMISE_AFTER);
  const args = withCommand(given);
  outliveHangup();
  // In parallel with the command, which may not need it.
  const swept = sweepTemporaryFolders();
  let outputError: NodeJS.ErrnoException | undefined;
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    // A reader that closed the pipe has what it wanted.
    if (error.code !== "EPIPE") outputError ??= error;
  });
  // Whoever closed it wants no messages.
  process.stderr.on("error", () => {});
  // An unexpected error is printed as all messages are: Node's own trace could hold a secret.
  // The pipe and its reader add listeners of their own, and continue.
  process.on("uncaughtException", (error) => {
    if (process.listenerCount("uncaughtException") > 1) return;
    sayText(`internal error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exit(EXIT.input);
  });
  try {
    const code = await runPlain(args, binary);
    if (code === undefined) {
      const { runCommand } = await loadFramework();
      await runCommand(asksVersion(args) ? ["--version"] : args, binary);
    }
    await written(process.stdout);
    await swept;
    const ended = endCode(code ?? Number(process.exitCode ?? EXIT.ok), outputError);
    await written(process.stderr);
    // A plain command may leave connections and timers, as one that the framework ends with an exit code.
    if (code !== undefined) process.exit(ended);
    process.exitCode = ended;
  } catch (error) {
    await written(process.stdout);
    await swept;
    const code = endCode(exitOf(error), outputError);
    await written(process.stderr);
    // Where exit is replaced, as in tests, it returns.
    if (outputError !== undefined || isExit(error)) return process.exit(code);
    const { endWithError } = await loadFramework();
    await endWithError(error, { args, binary, code });
  }
}

/** Takes a file, a folder, standard input or a path in the place of a command for the input of `summary`. */
function withCommand(args: readonly string[]): readonly string[] {
  const [first = ""] = args;
  // Flags may stand before the file, unless there is a command, which they can't precede.
  const inPlace = first.startsWith("-") && !args.some(isCommand) ? args : [first];
  return inPlace.some(isInput) ? ["summary", ...args] : args;
}

/** A path that does not exist is still no command. */
function isInput(arg: string): boolean {
  if (arg === STDIN) return true;
  return !arg.startsWith("-") && (/[/\\]/.test(arg) || (!isCommand(arg) && existsSync(arg)));
}

function isCommand(name: string): boolean {
  return /^[a-z]+$/.test(name) && existsSync(new URL(`./commands/${name}.js`, import.meta.url));
}

/** Waits until a pipe has taken all output, until a signal comes, or until its reader is gone. */
async function written(stream: NodeJS.WriteStream): Promise<void> {
  if (stream.writableLength > 0) {
    await new Promise<void>((resolve) => {
      stream.write("", () => resolve());
      for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
    });
  }
  // A file reports its error a turn later, too.
  await signalsDelivered();
}

/**
 * Returns the exit code of the process. A signal that came before the end overrides the command's own `code`, even if
 * the command did not notice it. Prints why standard output failed.
 */
function endCode(code: number, outputError: NodeJS.ErrnoException | undefined): number {
  if (outputError !== undefined) {
    const reason = outputError.code === "ENOSPC" ? "the disk is full" : outputError.message;
    say(`not everything was written to standard output: ${reason}`);
  }
  if (code === EXIT.usage) return code;
  const stopped = stopReceived();
  if (stopped === undefined) return outputError === undefined ? code : EXIT.publisher;
  const stop = stopCode(stopped);
  // A receipt that knew of the signal has named it.
  if (code !== stop) say(`stopped by ${stopped}`);
  return stop;
}

/** Whether an error stands for the end of a command with an exit code, which comes from the framework. */
function isExit(error: unknown): boolean {
  return (error as { code?: unknown } | undefined)?.code === "EEXIT";
}

function exitOf(error: unknown): number {
  return (error as { oclif?: { exit?: number } }).oclif?.exit ?? EXIT.input;
}
