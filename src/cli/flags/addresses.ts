/** Which flags and inputs may be addresses, and what is said of those that may not. */
import { addressText, schemeOf, unwrittenText } from "../../io/address.js";
import { InputError, isTransient } from "../../io/input-error.js";
import { outputPath } from "../../io/objects/bucket-folder.js";
import { isBucketUrl, isObjectUrl } from "../../io/objects/object-url.js";
import { objectStore } from "../../io/objects/process-store.js";

/** Flags of files and folders that are written; all others are read. */
const WRITTEN: ReadonlySet<string> = new Set(["output", "output-dir", "summary", "tensorboard", "ledger"]);
/** Flags that take the addresses of objects; all others name files and folders of this machine. */
const READ_OBJECTS: ReadonlySet<string> = new Set(["manifest", "from"]);
/** Flags whose results may go into a bucket, by the command. */
const WRITTEN_OBJECTS: Readonly<Record<string, readonly string[]>> = {
  parse: ["output-dir"],
  archive: ["output-dir"],
  group: ["output-dir"],
  plan: ["output"],
  report: ["output", "summary"],
};
/** Commands whose inputs are folders and files, and that don't look them up themselves. */
const READ_INPUTS: ReadonlySet<string> = new Set(["archive", "plan"]);

/** An object that is tried in a folder of a bucket, and never made. */
const TRIED = ".marian-tracking";

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
      if (WRITTEN_OBJECTS[command]?.includes(name) && isBucketUrl(text)) continue;
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

/** The objects by which it shows whether the command can write to the buckets that its flags name. */
export function bucketOutputs(command: string, flags: GivenValues["flags"]): string[] {
  return (WRITTEN_OBJECTS[command] ?? []).flatMap((name) => {
    const value = flags[name];
    if (typeof value !== "string" || !isBucketUrl(value)) return [];
    return name === "output-dir" ? outputPath(value, TRIED) : value;
  });
}

/**
 * Makes sure that objects can be written, so that nobody learns of a missing permission after hours; makes none.
 *
 * @returns what is wrong with the first that can't be; `isFinal` if another try would end the same.
 */
export async function unwritableObject(
  urls: readonly string[],
): Promise<{ readonly message: string; readonly isFinal: boolean } | undefined> {
  const store = await objectStore();
  for (const url of urls) {
    try {
      await store.checkWritable(url);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      return { message: error.message.replaceAll(`/${TRIED}`, ""), isFinal: !isTransient(error) };
    }
  }
  return undefined;
}
