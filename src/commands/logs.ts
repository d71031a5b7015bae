import { Command } from "../cli/command.js";
import { Flags } from "../cli/flags/flag.js";
import { addressesOf, idArgument, taskclusterFlags, withTaskcluster } from "../cli/taskcluster/client.js";
import { withIds } from "../cli/taskcluster/ids.js";
import { printLog } from "../cli/taskcluster/logs.js";
import { taskAddress } from "../taskcluster/client/index.js";

export default class Logs extends Command {
  static override summary = "Print the log of a Taskcluster task, also while it runs.";
  static override description =
    `The log goes to standard output unchanged; on a terminal, control characters are escaped. \
For a running task it prints what is there; with --follow it continues to the end, through broken connections, and with the \
next run if the worker is taken away. Messages go to standard error.

Exit codes: 0 everything was printed; 1 the task or its log can't be fetched; 2 wrong flags; 3 standard output did not take \
everything; 4 the followed task failed; 130, 143 stopped by SIGINT, SIGTERM.`;
  static override examples = [
    {
      description: "What Marian has printed",
      command: "<%= config.bin %> logs LCi0szo2RuGr-iRSP6-nRg --strip",
    },
    {
      description: "A running training, until it ends",
      command:
        "<%= config.bin %> logs --follow https://firefox-ci-tc.services.mozilla.com/tasks/LCi0szo2RuGr-iRSP6-nRg",
    },
    {
      description: "Its measurements, live",
      command:
        "<%= config.bin %> logs --follow LCi0szo2RuGr-iRSP6-nRg | <%= config.bin %> parse - --format ndjson",
    },
    {
      description: "A run of it, counted from 0",
      command: "<%= config.bin %> logs LCi0szo2RuGr-iRSP6-nRg --run 1",
    },
  ];
  static override args = {
    task: idArgument("id, address or index route of the task"),
  };
  static override flags = {
    follow: Flags.boolean({ char: "f", description: "continue until the task ends" }),
    run: Flags.integer({
      min: 0,
      description: "the run, from 0; with --follow, the first  [default: that of the address, else the last]",
      helpValue: "N",
    }),
    strip: Flags.boolean({ description: "remove the prefixes of the worker: [task 2026-…Z]" }),
    ...taskclusterFlags,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Logs, withIds(this.argv));
    const addresses = addressesOf([args.task], taskAddress, this);
    const [address = { taskId: args.task }] = addresses;
    const { run, follow, strip } = flags;
    const request = { address: run === undefined ? address : { ...address, runId: run }, follow, strip };
    this.exit(
      await withTaskcluster(this, addresses, { ...flags, quiet: true }, (access) =>
        printLog(request, access),
      ),
    );
  }
}
