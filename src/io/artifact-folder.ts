/** Where a Taskcluster task takes its artifacts from: what is written elsewhere is lost with the machine. */
import { accessSync, constants, statSync } from "node:fs";
import { join } from "node:path";

type Environment = Readonly<Record<string, string | undefined>>;

/** Where the tasks of Firefox's CI mount the folder in their images. */
const MOUNTED = "/builds/worker/artifacts";

/**
 * The folder of the task's artifacts: `UPLOAD_DIR`, else `artifacts` in the folder of the task (`TASK_WORKDIR`), else the
 * one of the image. Undefined outside a task, and if none of them is there and can be written.
 */
export function artifactFolder(environment: Environment): string | undefined {
  if (!environment["TASK_ID"]) return undefined;
  const { UPLOAD_DIR: upload, TASK_WORKDIR: work } = environment;
  const folders = [upload || [], work ? join(work, "artifacts") : [], MOUNTED].flat();
  return folders.find(isWritableFolder);
}

/** The folder of the results of `parse_tc_logs`, if none is named. */
export function resultFolder(environment: Environment): string {
  return join(artifactFolder(environment) ?? "", "output");
}

function isWritableFolder(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
