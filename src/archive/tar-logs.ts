/** The logs of a tar that a user names. */
import { readdir } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { kindOfName } from "../io/file-name.js";
import { readable } from "../io/source.js";
import { makeTemporaryFolder } from "../io/temporary-folder.js";
import { contentOf, isNoLog } from "./holds-log.js";
import { locateInput } from "./input-source.js";

/**
 * The logs of a tar, each an input named `<tar>/<path in it>`: `logs.tar/student/train.log`. If something in a tar can't be
 * read, the tar's name stays as an input that fails.
 *
 * @param scores Whether files of scores are inputs, too.
 * @param warn Is told how many members are not logs.
 */
export async function logsOfTar(
  tar: string,
  scores: boolean,
  warn: (message: string) => void,
): Promise<string[]> {
  const folder = await makeTemporaryFolder();
  let others = 0;
  const keep = (path: readonly string[]) => {
    const base = path.at(-1) ?? "";
    const isKept = !isNoLog(base) || (scores && kindOfName(base) === "evaluation");
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
    if (kindOfName(path) === "evaluation" ? scores : (await contentOf(path)) === "log") {
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
