/** Which flags and inputs may be addresses, and what is said of those that may not. */
import { addressText, schemeOf, unwrittenText } from "../../io/address.js";
import { isObjectUrl } from "../../io/objects/object-url.js";

/** Flags of files and folders that are written; all others are read. */
const WRITTEN: ReadonlySet<string> = new Set(["output", "output-dir", "summary", "tensorboard", "ledger"]);
/** Flags that take the addresses of objects; all others name files and folders of this machine. */
const READ_OBJECTS: ReadonlySet<string> = new Set(["manifest", "from"]);
/** Commands whose inputs are folders and files, and that don't look them up themselves. */
const READ_INPUTS: ReadonlySet<string> = new Set(["archive", "plan"]);

/** The values of a command's flags and inputs. */
interface GivenValues {
  readonly flags: Readonly<Record<string, unknown>>;
  readonly argv: readonly unknown[];
}

/** Says what is wrong with the first value that is an address and may not be one; undefined if all are fine. */
export function addressProblem(
  command: string,
  known: Readonly<Record<string, object>>,
  { flags, argv }: GivenValues,
): string | undefined {
  for (const [name, value] of Object.entries(flags)) {
    const { helpValue } = (known[name] ?? {}) as { readonly helpValue?: unknown };
    const words = String(helpValue).split("|");
    if (!words.includes("FILE") && !words.includes("DIR")) continue;
    for (const text of [value].flat()) {
      if (typeof text !== "string" || schemeOf(text) === undefined) continue;
      if (WRITTEN.has(name)) return `--${name} ${text}: ${unwrittenText(text)}`;
      if (!READ_OBJECTS.has(name) || !isObjectUrl(text)) return `--${name}: ${addressText(text)}`;
    }
  }
  if (!READ_INPUTS.has(command)) return undefined;
  return argv.map((input) => inputProblem(String(input))).find((text) => text !== undefined);
}

/** Says what to do about an input that is an address, but not that of an object; undefined for any other. */
export function inputProblem(name: string): string | undefined {
  return schemeOf(name) === undefined || isObjectUrl(name) ? undefined : addressText(name);
}
