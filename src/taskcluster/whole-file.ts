/** Files that are there whole or not at all. */

import { InputError } from "../io/input-error.js";
import { type OutputFile, openOutputFile } from "../io/output-file.js";

/**
 * Writes beside the place and renames, so that nobody ever sees half of the file.
 *
 * @param write Writes to the path that it is given.
 * @throws InputError in words when the disk does not take it; whatever else `write` throws.
 */
export async function writeWhole(path: string, write: (part: string) => Promise<void>): Promise<void> {
  let place: OutputFile | undefined;
  try {
    place = await openOutputFile(path);
    await write(place.part);
    await place.commit();
  } catch (error) {
    await place?.discard();
    throw unwritable(error, path);
  }
}

/** An error of the disk in words for the user; any other as it is. */
export function unwritable(error: unknown, path: string): unknown {
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (syscall === undefined) return error;
  return new InputError(`it can't be written to ${path} (${code}): make room there, or name another place`, {
    cause: error,
  });
}
