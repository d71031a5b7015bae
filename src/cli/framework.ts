/** The framework's part: every command line that is not plain, help, and how errors and warnings are shown. */
import { fileURLToPath } from "node:url";
import { Config, Errors, flush, handle, run, settings } from "@oclif/core";
import { EXIT } from "../exit-code.js";
import { processSecrets } from "../http/redact.js";
import { escapeLine, escapeText } from "../io/escape.js";
import { isUsage, usageText } from "./usage-error.js";

// With NODE_ENV=development the framework would look for TypeScript to compile the help and the commands.
settings.enableAutoTranspile = false;

/** Runs a command. Its exit code is an error whose `code` is `EEXIT`. */
export async function runCommand(args: readonly string[], binary: string): Promise<void> {
  await run([...args], binary);
  if (process.stdout.errored === null) await flush();
}

/** Prints an error with which a command ended, and ends the process with the exit code, or with that of its usage. */
export async function endWithError(
  error: unknown,
  {
    args,
    binary,
    code,
  }: { readonly args: readonly string[]; readonly binary: string; readonly code: number },
): Promise<void> {
  if (!(error instanceof Error)) return handle(new Error(escapeText(String(error))));
  const shown = harmless(error);
  if (!isUsage(shown)) return handle(Object.assign(shown, { oclif: { exit: code } }));
  const text = usageText(shown, args, await Config.load(fileURLToPath(binary)));
  // The text quotes arguments as they were typed.
  await handle(harmless(new Errors.CLIError(text, { exit: EXIT.usage })));
}

/** Prints a warning, one paragraph, on standard error. */
export function printWarning(message: string): void {
  Errors.warn(escapeLine(processSecrets.redact(message)));
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: colours are made of them
const COLOUR = /\u001b\[\d+m/g;

/** An error that the framework may print: it and its causes say nothing secret and nothing that controls a terminal. */
export function harmless(error: Error): Error {
  for (let one: unknown = error; one instanceof Error; one = one.cause) {
    for (const property of ["message", "stack"] as const) {
      const text = one[property];
      // The framework dims lists; what is taken away can't be somebody else's colour either.
      if (typeof text === "string")
        Object.defineProperty(one, property, {
          value: escapeText(processSecrets.redact(text.replace(COLOUR, ""))),
          configurable: true,
          writable: true,
        });
    }
    if ("suggestions" in one && Array.isArray(one.suggestions))
      one.suggestions = one.suggestions.map((text: unknown) => escapeLine(String(text)));
  }
  return error;
}
