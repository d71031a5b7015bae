/** Groups of which a manifest tells. */
import type { Problem } from "../../archive/group.js";
import { readGroup } from "../../archive/read-group.js";
import type { ManifestAccess } from "../../pipeline/manifests/access.js";
import type { ManifestRun } from "../../pipeline/manifests/manifest.js";
import { groupsOf } from "../../pipeline/manifests/plan.js";
import type { GroupsFound } from "../groups/run-groups.js";

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
