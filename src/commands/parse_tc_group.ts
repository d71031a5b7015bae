import { Command } from "../cli/command.js";
import { idArgument } from "../cli/taskcluster/client.js";
import { runGroupCommand } from "../cli/taskcluster/group.js";
import { withIds } from "../cli/taskcluster/ids.js";
import Group from "./group.js";

const { "finished-only": _finishedOnly, ...flags } = Group.flags;

export default class ParseTcGroup extends Command {
  static override summary = "Publish a Taskcluster group as Python's parse_tc_group does.";
  static override description = "The command group, with the name and flags of the Python command.";
  static override examples = ["parse_tc_group ZowUkamoRKuDlb4uAeTvgg --no-recursive-lookup"];
  static override hidden = true;
  static override args = {
    group_id: idArgument("id or address of the group"),
  };
  static override flags = flags;

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ParseTcGroup, withIds(this.argv));
    this.exit(await runGroupCommand(args.group_id, { ...flags, "finished-only": true }, this));
  }
}
