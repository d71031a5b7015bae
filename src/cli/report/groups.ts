/** Archives, and groups and tasks of Taskcluster, as the content of a report. */

import { type Archive, openArchive } from "../../archive/archive.js";
import { LOCAL_FILES } from "../../archive/read-group.js";
import { EXIT } from "../../exit-code.js";
import { readable } from "../../io/source.js";
import { groupFilesSource, groupsSource } from "../../pipeline/groups/group-source.js";
import {
  groupAddress,
  type TaskAddress,
  TaskclusterError,
  taskAddress,
} from "../../taskcluster/client/index.js";
import { readGroups } from "../../taskcluster/group.js";
import { groupIdOf } from "../../taskcluster/listed-group.js";
import { readTask, taskAsGroup } from "../../taskcluster/task.js";
import type { Command } from "../command.js";
import { addressesOf, type TaskclusterAccess, withTaskcluster } from "../taskcluster/client.js";
import type { ReportContent } from "./content.js";

/** Reads groups, with those that they build on, into a report; returns the exit code, 0 where all could be asked for. */
export function readTaskGroups(
  texts: readonly string[],
  content: ReportContent,
  command: Command,
): Promise<number> {
  const addresses = addressesOf(texts, groupAddress, command);
  return withTaskcluster(command, addresses, { cache: true }, async ({ queue, store }) => {
    for (const address of addresses) {
      try {
        const groupId = await groupIdOf(queue, address);
        const { groups, problems } = await readGroups(groupId, { queue, store });
        await content.readGroups(groupsSource(groups, problems));
      } catch (error) {
        if (!(error instanceof TaskclusterError) || error.code === "stopped") throw error;
        content.refuse({ source: address.groupId, reason: error.message });
      }
    }
    return EXIT.ok;
  });
}

/** Reads completed tasks into a report; returns the exit code, 0 where all could be asked for. */
export function readTasks(
  texts: readonly string[],
  content: ReportContent,
  command: Command,
): Promise<number> {
  const addresses = addressesOf(texts, taskAddress, command);
  return withTaskcluster(command, addresses, { cache: true }, async (access) => {
    for (const address of addresses) await readOne(address, access, content);
    return EXIT.ok;
  });
}

async function readOne(
  address: TaskAddress,
  { queue, store }: TaskclusterAccess,
  content: ReportContent,
): Promise<void> {
  const { taskId, runId } = await queue.resolve(address);
  const task = await readTask(queue, taskId, runId);
  const { state } = task.task.status;
  if (task.stage === undefined) {
    const reason = `${task.task.task.metadata.name} is neither a training nor an evaluation`;
    content.refuse({ source: taskId, reason });
  } else if (state !== "completed") {
    const advice = `its log up to now is drawn by \`marian-tracking logs ${taskId} | marian-tracking report -\``;
    content.refuse({ source: taskId, reason: `the task is not completed (${state}): ${advice}` });
  } else await content.readGroups(groupsSource([await taskAsGroup(task, store)], []));
}

/**
 * Reads archives, one after the other, into a report.
 *
 * @throws InputError with the path, if one can't be opened or holds no run.
 */
export async function readArchives(
  paths: readonly string[],
  content: ReportContent,
  signal: AbortSignal,
): Promise<void> {
  for (const path of paths) {
    let archive: Archive;
    try {
      archive = await openArchive(path, { signal });
    } catch (error) {
      throw new Error(`${path}: ${readable(error).message}`, { cause: error });
    }
    const { groups, problems } = archive;
    try {
      if (groups.length === 0) throw new Error(`${path}: it holds no archive of trainings`);
      await content.readGroups(groupFilesSource(groups, problems, LOCAL_FILES));
    } finally {
      await archive.close();
    }
  }
}
