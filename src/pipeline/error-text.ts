/** Errors of inputs and outputs as sentences for the user. */
import { targetOf } from "../io/output-file.js";
import { readable } from "../io/source.js";

const OUTPUT_ERRORS: Readonly<Record<string, string>> = {
  EACCES: "may not be written (permission denied)",
  EPERM: "may not be written (permission denied)",
  EROFS: "lies on a read-only disk",
  ENOSPC: "does not fit: the disk is full",
  EDQUOT: "does not fit: the disk quota is used up",
  ENOENT: "can't be made here: a folder of its path is missing or was removed",
  REMOVED: "was removed while it was being written",
  EMFILE: "can't be opened: too many files are open (raise `ulimit -n`)",
  ENFILE: "can't be opened: too many files are open on this machine",
  ENOTDIR: "can't be made: a part of its path is a file",
  EEXIST: "can't be made: a file of that name is in the way",
  EISDIR: "can't be written: a folder of that name is in the way",
};

/** Says why an input could not be read. */
export function inputErrorText(error: unknown): string {
  const cause = readable(error);
  return cause instanceof Error ? cause.message : String(cause);
}

/** Says why an output could not be written, with its path if the error has one. */
export function outputErrorText(error: unknown): string {
  // When a file is renamed, the user knows its destination, not the partial file.
  const { code, path: from, dest: path = from, message } = error as NodeJS.ErrnoException & { dest?: string };
  const reason = code === undefined ? undefined : OUTPUT_ERRORS[code];
  if (reason === undefined) return message ?? String(error);
  return path === undefined ? `the output ${reason}` : `${targetOf(path)} ${reason}`;
}
