/** What `group` and `parse_tc_group` do, and `task` for a task that is over. */

import { groupsSource } from "../../pipeline/groups/group-source.js";
import { groupAddress } from "../../taskcluster/client/index.js";
import { readGroups } from "../../taskcluster/group.js";
import { groupIdOf } from "../../taskcluster/listed-group.js";
import type { Command } from "../command.js";
import { type GroupFlagValues, type NoKey, prepareGroups, runGroups } from "../groups/run-groups.js";
import { commandLine } from "../receipts/next-command.js";
import { addressesOf, type TaskclusterFlagValues, withTaskcluster } from "./client.js";

/** The values of the flags of `group`. */
export interface TaskclusterGroupFlagValues extends GroupFlagValues, TaskclusterFlagValues {
  readonly quiet: boolean;
  readonly "recursive-lookup": boolean;
  readonly depth: number | undefined;
  readonly "finished-only": boolean;
}

/** Tag of what is published from outside of the tasks. */
export const OFFLINE_TAG = "taskcluster-offline";

/** Reads the group and those that it builds on, does what the flags ask for and returns the exit code. */
export async function runGroupCommand(
  text: string,
  flags: TaskclusterGroupFlagValues,
  command: Command,
  noKey?: NoKey,
): Promise<number> {
  const { usage } = command;
  const addresses = addressesOf([text], groupAddress, command);
  const [address = { groupId: "" }] = addresses;
  const job = await prepareGroups(flags, [OFFLINE_TAG], command.config.version, usage, noKey);
  return withTaskcluster(command, addresses, flags, async ({ queue, store, progress }) => {
    const groupId = await groupIdOf(queue, address);
    const { groups, problems } = await readGroups(groupId, {
      queue,
      store,
      only: flags.only,
      finishedOnly: flags["finished-only"],
      ...(flags["recursive-lookup"] ? {} : { depth: 0 }),
      ...(flags.depth === undefined ? {} : { depth: flags.depth }),
    });
    progress.stop();
    const next = noKey && commandLine("report --from group", groupId);
    return runGroups(groupId, groupsSource(groups, problems), { ...job, next });
  });
}
