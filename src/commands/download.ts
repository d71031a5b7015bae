import { Command } from "../cli/command.js";
import { Flags } from "../cli/flags/flag.js";
import { folderName } from "../cli/flags/row-output.js";
import { commandLine, pathArgument, sayNext } from "../cli/receipts/next-command.js";
import { count } from "../cli/receipts/numbers.js";
import {
  addressesOf,
  finishedFlag,
  idArgument,
  printProblems,
  taskclusterFlags,
  withTaskcluster,
} from "../cli/taskcluster/client.js";
import { type Downloaded, downloadGroups } from "../cli/taskcluster/download.js";
import { withIds } from "../cli/taskcluster/ids.js";
import { EXIT } from "../exit-code.js";
import { jsonText } from "../io/escape.js";
import { printText, say } from "../io/terminal.js";
import { groupAddress } from "../taskcluster/client/index.js";
import { readGroups } from "../taskcluster/group.js";
import { groupIdOf } from "../taskcluster/listed-group.js";

/** How many of the logs are not whole yet. */
function unfinishedText(files: Downloaded["files"]): string {
  const logs = files.filter(
    ({ unfinished, path }) => unfinished === "running" && path.endsWith("/train.log"),
  );
  return logs.length === 0 ? "" : `; ${count(logs.length, "log")} of running trainings up to now`;
}

export default class Download extends Command {
  static override summary = "Download the logs and scores of a group into an archive.";
  static override description =
    `Writes what the command archive reads: logs/<pair>/<group>/<model>/train.log, the scores in \
models/<pair>/<group>/evaluation/<model>/<importer>_<dataset>.metrics.json (or .metrics), and the configuration in \
experiments/<pair>/<group>/config.yml. Existing files are replaced; several groups may share a folder. Of a training that runs it is the live log up to now, of one that failed what it left: both are named in warnings and marked in --json as unfinished. The same command later gets the whole log, and fetches again only what has changed.

Exit codes: 0 everything was downloaded; 1 a group, log or scores can't be fetched; 2 wrong flags; 130, 143 stopped by \
SIGINT, SIGTERM.`;
  static override examples = [
    {
      description: "A group, then the archive made from it",
      command:
        "<%= config.bin %> download ZowUkamoRKuDlb4uAeTvgg -o archive && <%= config.bin %> archive archive --no-wandb -o tables",
    },
    {
      description: "Only scores, of the group and those that its trainings build on",
      command: "<%= config.bin %> download ZowUkamoRKuDlb4uAeTvgg -o archive --only evaluations --depth 1",
    },
  ];
  static override args = {
    group: idArgument("id, address or index route of the group"),
  };
  static override flags = {
    "output-dir": Flags.string({
      char: "o",
      aliases: ["output"],
      required: true,
      parse: folderName,
      description: "folder of the archive",
      helpValue: "DIR",
    }),
    only: Flags.option({ options: ["training", "evaluations"] as const })({
      description: "only trainings, or only evaluations",
    }),
    depth: Flags.integer({
      default: 0,
      min: 0,
      description: "also the groups that its trainings build on, this many steps away",
      helpValue: "N",
    }),
    ...finishedFlag,
    json: Flags.boolean({ description: "what was written, as JSON on standard output" }),
    quiet: Flags.boolean({ char: "q", description: "print only what went wrong" }),
    ...taskclusterFlags,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Download, withIds(this.argv));
    const addresses = addressesOf([args.group], groupAddress, this);
    const [address = { groupId: "" }] = addresses;
    const folder = flags["output-dir"];
    const code = await withTaskcluster(this, addresses, flags, async ({ queue, store }) => {
      const { only, depth, "finished-only": finishedOnly } = flags;
      const read = await readGroups(await groupIdOf(queue, address), {
        queue,
        store,
        depth,
        only,
        finishedOnly,
      });
      const { files, problems: unwritten } = await downloadGroups(read.groups, folder, store);
      const problems = [...read.problems, ...read.groups.flatMap((group) => group.problems), ...unwritten];
      if (flags.json) printText(jsonText({ folder, files, problems }));
      else if (!flags.quiet)
        say(
          `wrote ${count(files.length, "file")} of ${count(read.groups.length, "group")} to ${folder}${unfinishedText(files)}`,
        );
      const told = flags.json
        ? []
        : problems.filter(({ severity }) => severity === "failure" || !flags.quiet);
      printProblems(told);
      const failed = read.groups.length === 0 || problems.some(({ severity }) => severity === "failure");
      if (!failed && !flags.quiet && !flags.json)
        sayNext(commandLine("report --from archive", pathArgument(folder)));
      return failed ? EXIT.input : EXIT.ok;
    });
    this.exit(code);
  }
}
