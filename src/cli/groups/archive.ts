/** What `archive` and `parse_experiment_dir` do. */
import { type Archive, openArchive } from "../../archive/archive.js";
import { filterGroups } from "../../archive/filter.js";
import { LOCAL_FILES } from "../../archive/read-group.js";
import { stopCode } from "../../exit-code.js";
import { isObjectUrl } from "../../io/objects/object-url.js";
import { readable } from "../../io/source.js";
import { say } from "../../io/terminal.js";
import { groupFilesSource } from "../../pipeline/groups/group-source.js";
import { ManifestAccess } from "../../pipeline/manifests/access.js";
import { manifestSource } from "../../pipeline/manifests/plan.js";
import type { Command } from "../command.js";
import { noRunText, type PlanFilterFlags, planOrRefuse, readDate } from "../manifests/plan.js";
import { commandLine, pathArgument } from "../receipts/next-command.js";
import { type GroupFlagValues, type GroupsJob, type NoKey, prepareGroups, runGroups } from "./run-groups.js";

/** The values of the flags. */
export interface ArchiveFlagValues extends GroupFlagValues, PlanFilterFlags {}

/** Reads the archive, does what the flags ask for and returns the exit code. */
export async function runArchive(
  folder: string,
  flags: ArchiveFlagValues,
  command: Command,
  noKey?: NoKey,
): Promise<number> {
  const { usage } = command;
  const since = flags.since === undefined ? undefined : readDate(flags.since, usage);
  const prepared = await prepareGroups(flags, [], command.config.version, usage, noKey);
  const next =
    noKey && !isObjectUrl(folder) ? commandLine("report --from archive", pathArgument(folder)) : undefined;
  const job = { ...prepared, next };
  if (isObjectUrl(folder)) return await runObjects(folder, flags, job, usage);
  let archive: Archive;
  try {
    archive = await openArchive(folder, { mode: flags.mode, signal: job.stop.signal });
  } catch (error) {
    if (job.stop.received !== undefined) return stopCode(job.stop.received);
    return usage(`${folder}: ${readable(error).message}`);
  }
  try {
    const { filter, only } = flags;
    const groups = filterGroups(archive.groups, { filter, since, only });
    if (archive.groups.length === 0) {
      for (const { source, reason } of archive.problems) say(`${source}: ${reason}`);
      usage(noRunText(folder));
    }
    if (groups.length === 0) usage("no run matches --filter, --since and --only");
    return await runGroups(folder, groupFilesSource(groups, archive.problems, LOCAL_FILES), job);
  } finally {
    await archive.close();
  }
}

/** Reads an archive in a bucket: its runs are those that `plan` would list. */
async function runObjects(
  url: string,
  flags: ArchiveFlagValues,
  job: GroupsJob,
  refuse: (message: string) => never,
): Promise<number> {
  const access = new ManifestAccess(job.version, job.stop.signal);
  try {
    const planned = await planOrRefuse(url, flags, { access, stop: job.stop, refuse });
    if (typeof planned === "number") return planned;
    return await runGroups(url, manifestSource(planned.runs, planned.problems, access), job);
  } finally {
    await access.close();
  }
}
