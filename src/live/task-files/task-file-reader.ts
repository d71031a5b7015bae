/** Where the files of a training task are looked for. */

import { STDIN } from "../../io/inputs.js";
import type { Arguments } from "../../run/command-line.js";
import type { TaskFiles } from "../../wandb/index.js";

/**
 * Reads the files of a log's training by its command line: of a training that runs in this task (`TASK_ID` is set) and
 * comes through a pipe, those in its folder; of a log that is a file, those next to it. Undefined for what comes through
 * a pipe from elsewhere: nothing here belongs to it.
 */
export function taskFileReader(
  source: string,
  environment: Readonly<Record<string, string | undefined>>,
): ((command: Arguments) => Promise<TaskFiles>) | undefined {
  if (source === STDIN && !environment["TASK_ID"]) return undefined;
  return async (command) => {
    const { readTaskFiles, readTaskFilesOfLog } = await import("./task-files.js");
    return source === STDIN ? readTaskFiles(command, process.cwd()) : readTaskFilesOfLog(command, source);
  };
}
