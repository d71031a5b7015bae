/** What `archive` and `parse_experiment_dir` do. */

import { type Archive, openArchive } from "../../archive/archive.js";
import { filterGroups } from "../../archive/filter.js";
import type { ArchiveMode } from "../../archive/layout.js";
import { readGroup } from "../../archive/read-group.js";
import { EXIT } from "../../exit-code.js";
import { isObjectUrl } from "../../io/objects/object-url.js";
import { readable } from "../../io/source.js";
import { say } from "../../io/terminal.js";
import type { Command } from "../command.js";
import { groupsOfRuns } from "../manifests/groups.js";
import { Inputs } from "../manifests/input.js";
import { planOrRefuse, readDate } from "../manifests/plan.js";
import {
  type GroupFlagValues,
  type GroupsFound,
  type GroupsJob,
  prepareGroups,
  runGroups,
} from "./run-groups.js";

/** The values of the flags. */
export interface ArchiveFlagValues extends GroupFlagValues {
  readonly mode: ArchiveMode | undefined;
  readonly filter: string[] | undefined;
  readonly since: string | undefined;
}

/** Reads the archive, does what the flags ask for and returns the exit code. */
export async function runArchive(
  folder: string,
  flags: ArchiveFlagValues,
  command: Command,
): Promise<number> {
  const usage = (message: string) => command.error(message, { exit: EXIT.usage });
  const since = flags.since === undefined ? undefined : readDate(flags.since, usage);
  const job = await prepareGroups(flags, [], command.config.version, usage);
  if (isObjectUrl(folder)) return await runObjects(folder, flags, job, usage);
  let archive: Archive;
  try {
    archive = await openArchive(folder, { mode: flags.mode, signal: job.stop.signal });
  } catch (error) {
    const { signal, received } = job.stop;
    if (signal.aborted) return received === "SIGINT" ? EXIT.interrupted : EXIT.terminated;
    return usage(`${folder}: ${readable(error).message}`);
  }
  try {
    const { filter } = flags;
    const groups = filterGroups(archive.groups, { filter, since, only: flags.only });
    if (archive.groups.length === 0) {
      for (const { source, reason } of archive.problems) say(`${source}: ${reason}`);
      usage(`${folder}: there is nothing in it that can be read`);
    }
    if (groups.length === 0) usage("no run is left by --filter, --since and --only");
    const logs = groups.flatMap(({ runs }) => runs).flatMap(({ log }) => (log === undefined ? [] : [log]));
    const found: GroupsFound = {
      runs: logs.length,
      bytes: logs.reduce((sum, { size }) => sum + size, 0),
      problems: archive.problems,
      async *groups() {
        for (const group of groups) yield await readGroup(group);
      },
    };
    return await runGroups(folder, found, job);
  } finally {
    await archive.close();
  }
}

/** An archive in a bucket: its runs are those that `plan` would list. */
async function runObjects(
  url: string,
  flags: ArchiveFlagValues,
  job: GroupsJob,
  refuse: (message: string) => never,
): Promise<number> {
  const inputs = new Inputs(job.version, job.stop.signal);
  try {
    const planned = await planOrRefuse(url, flags, { inputs, stop: job.stop, refuse });
    if (typeof planned === "number") return planned;
    return await runGroups(url, groupsOfRuns(planned.runs, planned.problems, inputs.access), job);
  } finally {
    await inputs.close();
  }
}
