/** Tars among the inputs of a command: each log in a tar becomes an input of its own. */
import { statSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { LogParser } from "../core/log-parser.js";
import { concatBytes } from "../io/byte-stream.js";
import { fileChunks } from "../io/chunks.js";
import { locateInput, STDIN } from "../io/inputs.js";
import { isObjectUrl } from "../io/objects/object-url.js";
import { decompress } from "../io/packed/decompress.js";
import { BLOCK, isTarHeader, refuseTar } from "../io/packed/tar-header.js";
import { readable } from "../io/source.js";
import { makeTemporaryFolder } from "../io/temporary-folder.js";
import { nodeCore } from "../node-core.js";

/** Files of these kinds are not logs, and often large. */
const NO_LOG = /\.(?:npz|npy|bin|spm|pt|pb|onnx|so|a|o|zip|7z|xz|bz2|png|jpe?g|gif|pdf|whl)$/i;
const SCORES = /\.metrics(?:\.json)?$/i;

/**
 * Replaces each tar by its logs, named `<tar>/<path in it>`: `logs.tar/student/train.log`. If something in a tar can't be
 * read, the tar's name stays as an input that fails.
 *
 * @param scores Whether files of scores are inputs, too.
 * @param warn Is told how many members are not logs.
 */
export async function openTars(
  names: readonly string[],
  scores: boolean,
  warn: (message: string) => void,
): Promise<readonly string[]> {
  const inputs: string[] = [];
  for (const name of names) {
    if (await isTar(name)) inputs.push(...(await membersOf(name, scores, warn)));
    else inputs.push(name);
  }
  return inputs;
}

/** Whether a file is a tar, packed or not. */
async function isTar(name: string): Promise<boolean> {
  if (name === STDIN || isObjectUrl(name)) return false;
  let head: Uint8Array = new Uint8Array();
  try {
    // Opening a named pipe would wait for its writer, and take what it writes.
    if (!statSync(name).isFile()) return false;
    for await (const chunk of decompress(fileChunks(name))) {
      head = concatBytes(head, chunk);
      if (head.length >= BLOCK) break;
    }
  } catch {
    // Reading it as a log reports what is wrong.
  }
  return isTarHeader(head);
}

async function membersOf(tar: string, scores: boolean, warn: (message: string) => void): Promise<string[]> {
  const folder = await makeTemporaryFolder();
  let others = 0;
  const keep = (path: readonly string[]) => {
    const isKept = !NO_LOG.test(path.at(-1) ?? "");
    if (!isKept) others += 1;
    return isKept;
  };
  const failures: string[] = [];
  try {
    const { unpackTar } = await import("./tar.js");
    const faults = await unpackTar(tar, folder, { keep, keepPart: () => true });
    for (const { entry, reason, severity } of faults) {
      const said = entry === undefined ? reason : `${entry}: ${reason}`;
      if (severity === "failure") failures.push(said);
      else warn(`${tar}: ${said}`);
    }
  } catch (error) {
    failures.push(readable(error).message);
  }
  const inputs: string[] = [];
  for (const path of await filesBelow(folder)) {
    const name = `${tar}/${relative(folder, path).split(sep).join("/")}`;
    if (SCORES.test(path) ? scores : await holdsLog(path)) {
      locateInput(name, { path });
      inputs.push(name);
    } else others += 1;
  }
  if (inputs.length === 0 && failures.length === 0)
    failures.push(
      others === 0
        ? "the tar holds no file"
        : `the tar holds no Marian log, only ${others} other ${others === 1 ? "file" : "files"}`,
    );
  else if (others > 0)
    warn(
      `${tar}: ${others} ${others === 1 ? "file is not a Marian log and was" : "files are not Marian logs and were"} skipped`,
    );
  if (failures.length > 0) {
    locateInput(tar, { fault: failures.join("; ") });
    inputs.push(tar);
  }
  return inputs;
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** Whether a file has a start of Marian, a record, or a line that looks like a record. */
async function holdsLog(path: string): Promise<boolean> {
  using parser = new LogParser(nodeCore());
  const found = () => {
    const { training, validation, unmatched, starts } = parser.counts;
    return training + validation + unmatched + starts > 0;
  };
  try {
    for await (const chunk of refuseTar(decompress(fileChunks(path)))) {
      parser.feed(chunk);
      if (found()) return true;
    }
    parser.finish();
  } catch {
    // Damaged, or a tar of its own.
  }
  return found();
}
