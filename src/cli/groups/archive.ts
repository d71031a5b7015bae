/** What `archive` and `parse_experiment_dir` do. */
import { type ArchiveWalk, enterArchive } from "../../archive/archive.js";
import { groupFilter } from "../../archive/filter.js";
import type { ArchivedGroup } from "../../archive/group-files.js";
import { LOCAL_FILES } from "../../archive/read-group.js";
import { stopCode } from "../../exit-code.js";
import { isObjectUrl } from "../../io/objects/object-url.js";
import { readable } from "../../io/source.js";
import { StoredList } from "../../io/stored-list.js";
import { say } from "../../io/terminal.js";
import { Extent, storedGroupsSource } from "../../pipeline/groups/group-source.js";
import { ManifestAccess } from "../../pipeline/manifests/access.js";
import { manifestSource } from "../../pipeline/manifests/plan.js";
import { limitHeapGrowth, optimiseLess } from "../../pipeline/young-objects.js";
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
  limitHeapGrowth();
  optimiseLess();
  const since = flags.since === undefined ? undefined : readDate(flags.since, usage);
  const prepared = await prepareGroups(flags, [], command.config.version, usage, noKey);
  const next =
    noKey && !isObjectUrl(folder) ? commandLine("report --from archive", pathArgument(folder)) : undefined;
  const job = { ...prepared, next };
  if (isObjectUrl(folder)) return await runObjects(folder, flags, job, usage);
  let archive: ArchiveWalk | undefined;
  const groups = new StoredList<ArchivedGroup>();
  const extent = new Extent();
  let found = 0;
  try {
    const { filter, only } = flags;
    const chosen = groupFilter({ filter, since, only });
    try {
      archive = await enterArchive(folder, { mode: flags.mode, signal: job.stop.signal });
      for await (const group of archive.groups()) {
        found += 1;
        limitHeapGrowth();
        for (const one of chosen(group)) {
          extent.add(one);
          await groups.add(one);
        }
      }
    } catch (error) {
      if (job.stop.received !== undefined) return stopCode(job.stop.received);
      return usage(`${folder}: ${readable(error).message}`);
    }
    const problems = archive.problems();
    if (found === 0) {
      for (const { source, reason } of problems) say(`${source}: ${reason}`);
      usage(noRunText(folder));
    }
    if (groups.length === 0) usage("no run matches --filter, --since and --only");
    return await runGroups(folder, storedGroupsSource(groups, extent, problems, LOCAL_FILES), job);
  } finally {
    await groups.close();
    await archive?.close();
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
