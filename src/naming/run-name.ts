/** Names of runs. */
import { basename, dirname, resolve } from "node:path";
import { modelOfFolder } from "./model.js";

/** The name of a run that the user did not name: the model of the log's folder, else the log's name. */
export function runNameOf(path: string): string {
  const stem = basename(path)
    .replace(/\.(gz|zst|zstd)$/i, "")
    .replace(/(?<=.)\.[^.]*$/, "");
  return modelOfFolder(basename(dirname(resolve(path)))) ?? stem;
}
