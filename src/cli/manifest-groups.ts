/** Groups of which a manifest tells. */
import type { Problem } from "../group/group.js";
import type { ManifestRun } from "../group/manifest.js";
import type { ManifestAccess } from "../jobs/manifest-access.js";
import { groupsOf } from "../jobs/manifest-plan.js";
import { readGroup } from "../sources/archive/read-group.js";
import type { GroupsFound } from "./run-groups.js";

/** The groups of these runs, for the commands that publish groups. */
export function groupsOfRuns(
  runs: readonly ManifestRun[],
  problems: readonly Problem[],
  access: ManifestAccess,
): GroupsFound {
  for (const run of runs) access.know(run);
  const logs = runs.flatMap(({ files }) => files.slice(0, 1));
  return {
    runs: logs.length,
    bytes: logs.reduce((sum, { size }) => sum + (size ?? 0), 0),
    problems,
    async *groups() {
      for (const group of groupsOf(runs)) yield await readGroup(group, access);
    },
  };
}
