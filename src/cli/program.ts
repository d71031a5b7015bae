/** What the binaries start. They share one bundle, and so one copy of the framework. */
import { fileURLToPath } from "node:url";
import { Config, Errors, flush, handle, run, settings } from "@oclif/core";
import { EXIT, stopCode } from "../exit-code.js";
import { escapeText } from "../io/escape.js";
import { sweepTemporaryFolders } from "../io/temporary-folder.js";
import { say, sayText } from "../io/terminal.js";
import { signalsDelivered, stopReceived } from "../live/pipe-signals.js";
import { harmless } from "./command.js";
import { outliveHangup } from "./stop-signal.js";
import { isUsage, usageText } from "./usage-error.js";

// With NODE_ENV=development the framework would look for TypeScript to compile the help and the commands.
settings.enableAutoTranspile = false;

/**
 * Runs a command, and ends the process when all that it has printed has been taken. What standard output could not take
 * is said, and is in the exit code.
 */
export async function start(args: readonly string[], binary: string): Promise<void> {
  outliveHangup();
  // In parallel with the command, which may not need it.
  const swept = sweepTemporaryFolders();
  let fault: NodeJS.ErrnoException | undefined;
  // The framework's own listener would end the process with a stack trace.
  process.stdout.removeAllListeners("error");
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    // A reader that has gone has read what it wanted.
    if (error.code !== "EPIPE") fault ??= error;
  });
  // What nobody has foreseen is printed as everything else: Node's own trace could hold a secret.
  // The pipe and its reader add listeners of their own, and go on.
  process.on("uncaughtException", (error) => {
    if (process.listenerCount("uncaughtException") > 1) return;
    sayText(`internal error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exit(EXIT.input);
  });
  try {
    await run(asksVersion(args) ? ["--version"] : [...args], binary);
    if (process.stdout.errored === null) await flush();
    await taken(process.stdout);
    await swept;
    process.exitCode = endCode(Number(process.exitCode ?? EXIT.ok), fault);
  } catch (error) {
    // An exit code comes as an error, and the framework then ends the process at once.
    await taken(process.stdout);
    await swept;
    const code = endCode(exitOf(error), fault);
    if (fault !== undefined || error instanceof Errors.ExitError) process.exit(code);
    if (!(error instanceof Error)) return handle(new Error(escapeText(String(error))));
    const shown = harmless(error);
    if (!isUsage(shown)) return handle(Object.assign(shown, { oclif: { exit: code } }));
    const text = usageText(shown, args, await Config.load(fileURLToPath(binary)));
    // The text quotes arguments as they were typed.
    await handle(harmless(new Errors.CLIError(text, { exit: EXIT.usage })));
  }
}

/** The framework knows `--version` in the first place only. */
function asksVersion(args: readonly string[]): boolean {
  const end = args.indexOf("--");
  return args.slice(0, end === -1 ? undefined : end).some((arg) => arg === "--version" || arg === "-V");
}

/** Waits for what a pipe has not taken yet; a signal, or a reader that has gone, ends the waiting. */
async function taken(stream: NodeJS.WriteStream): Promise<void> {
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
 * The exit code of the process. A signal that came before the end goes before the command's own `code`, also where the
 * command did not notice it. Says what standard output did not take.
 */
function endCode(code: number, fault: NodeJS.ErrnoException | undefined): number {
  if (fault !== undefined) {
    const reason = fault.code === "ENOSPC" ? "the disk is full" : fault.message;
    say(`not everything was written to standard output: ${reason}`);
  }
  if (code === EXIT.usage) return code;
  const stopped = stopReceived();
  if (stopped === undefined) return fault === undefined ? code : EXIT.publisher;
  const stop = stopCode(stopped);
  // A receipt that knew of the signal has named it.
  if (code !== stop) say(`stopped by ${stopped}`);
  return stop;
}

function exitOf(error: unknown): number {
  return (error as { oclif?: { exit?: number } }).oclif?.exit ?? EXIT.input;
}
