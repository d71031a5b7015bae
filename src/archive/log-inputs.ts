/** From what a user names to the logs to read: the logs of folders and tars are inputs of their own. */
import { type Stats, statSync } from "node:fs";
import { inputKey, STDIN } from "../io/inputs.js";
import { isBucketFolder, isObjectUrl } from "../io/objects/object-url.js";
import { logsOfBucket } from "./bucket-logs.js";
import { type InputSearch, logsOfFolder, type SearchedFolder } from "./folder-logs.js";
import { isTar } from "./holds-log.js";
import { locateInput } from "./input-source.js";
import { logsOfTar } from "./tar-logs.js";

/** The inputs of a command. */
export interface LogInputs {
  /** Each once; `fileSource` opens them. */
  readonly names: readonly string[];
  readonly folders: readonly SearchedFolder[];
}

/** Replaces each folder and each tar by its logs. Other names stay. */
export async function logInputs(given: readonly string[], search: InputSearch): Promise<LogInputs> {
  const names = new Map<string, string>();
  const folders: SearchedFolder[] = [];
  const add = (name: string) => {
    if (!names.has(inputKey(name))) names.set(inputKey(name), name);
  };
  for (const name of given) {
    const info = infoOf(name);
    if (isBucketFolder(name)) {
      const found = await logsOfBucket(name, search);
      for (const log of found.names) add(log);
      folders.push(found.searched);
    } else if (info?.isDirectory()) {
      const found = await logsOfFolder(name, search);
      for (const log of found.names) add(log);
      folders.push(found.searched);
      // Opening a named pipe would wait for its writer, and take what it writes.
    } else if (info?.isFile() && !search.growing && (await isTar(name)))
      for (const log of await logsOfTar(name, search.scores === true, search.warn)) add(log);
    else if (!names.has(inputKey(name))) {
      locateInput(name);
      add(name);
    }
  }
  return { names: [...names.values()], folders };
}

function infoOf(name: string): Stats | undefined {
  if (name === STDIN || isObjectUrl(name)) return undefined;
  try {
    return statSync(name);
  } catch {
    return undefined;
  }
}
