import { CompatibilityCommand } from "../cli/compatibility-command.js";
import { idArgument } from "../cli/taskcluster/client.js";
import { runGroupCommand } from "../cli/taskcluster/group.js";
import { isId } from "../taskcluster/client/address.js";
import Group from "./group.js";

const { "finished-only": _finishedOnly, ...flags } = Group.flags;

export default class ParseTcGroup extends CompatibilityCommand {
  static override summary = "Publish a Taskcluster group as Python's parse_tc_group does.";
  static override description = "The command group, with the name and flags of the Python command.";
  static override examples = ["parse_tc_group ZowUkamoRKuDlb4uAeTvgg --no-recursive-lookup"];
  static override args = {
    group_id: idArgument("id or address of the group"),
  };
  static override flags = flags;

  static override readonly reference = ["--no-recursive-lookup", "--override-runs", "--verbose"];

  protected override isInput(word: string): boolean {
    return isId(word);
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ParseTcGroup);
    this.exit(await runGroupCommand(args.group_id, { ...flags, "finished-only": true }, this));
  }
}
