/**
 * Words for people on standard output and standard error. Whatever is in them, they reach a terminal escaped, and without
 * the secrets of this process.
 */
import { processSecrets } from "../http/redact.js";
import { escapeLine, escapeText } from "./escape.js";

let prepare = (): void => {};

/** Sets what is called before each text, so that it does not land in a line that is redrawn. */
export function beforeText(action: () => void): void {
  prepare = action;
}

/** Writes a line to standard error. */
export function say(line: string): void {
  prepare();
  process.stderr.write(`${escapeLine(processSecrets.redact(line))}\n`);
}

/** Writes a text of whole lines, or nothing, to standard error. */
export function sayText(text: string): void {
  prepare();
  process.stderr.write(escapeText(processSecrets.hide(text)));
}

/** Writes a line to standard output. */
export function print(line: string): void {
  prepare();
  process.stdout.write(`${escapeLine(processSecrets.redact(line))}\n`);
}

/** Writes a text of whole lines, or nothing, to standard output. */
export function printText(text: string): void {
  prepare();
  process.stdout.write(escapeText(processSecrets.hide(text)));
}

/** Writes data to standard output: see {@link dataText}. */
export function printData(text: string): void {
  prepare();
  process.stdout.write(dataText(text));
}

/** Data as standard output is to get it: exactly as it is, but escaped where a person reads it on a terminal. */
export function dataText(text: string): string {
  return process.stdout.isTTY ? escapeText(text) : text;
}

/** The same as bytes. */
export function dataBytes(text: string | Uint8Array): Uint8Array {
  if (typeof text === "string") return Buffer.from(dataText(text));
  return process.stdout.isTTY ? Buffer.from(escapeText(Buffer.from(text).toString())) : text;
}
