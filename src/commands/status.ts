import { Command } from "../cli/command.js";
import { Args, Flags } from "../cli/flags/flag.js";
import { maxErrorsFlag, readMaxErrors } from "../cli/flags/shard.js";
import { runStatus } from "../cli/manifests/status.js";

export default class Status extends Command {
  static override summary = "Say which shards of a job are done, have failed or are missing.";
  static override description =
    `Reads the folder that the workers of a job write to (\`archive --manifest\`, \`parse --manifest\` with --shard i/n and -o): \
shards that are done, that have failed, that are unfinished (a worker is at it, or was killed) and that are missing; shards of \
two jobs in one folder, and runs that two shards have.

Exit codes: 0 every shard is done, once; 1 something is missing, has failed or is mixed, or more runs have errors than \
--max-errors allows; 2 wrong flags, or there is no shard.`;
  static override examples = [
    { description: "What is left to do", command: "<%= config.bin %> status tables" },
    {
      description: "The gate of a job: every shard, and at most one run in a hundred with errors",
      command: "<%= config.bin %> status tables --max-errors 1%",
    },
    { description: "The same for a script", command: "<%= config.bin %> status tables --json" },
  ];
  static override args = {
    dir: Args.string({ description: "folder that the workers write to", required: true }),
  };
  static override flags = {
    ...maxErrorsFlag,
    json: Flags.boolean({ description: "everything as JSON on standard output" }),
    quiet: Flags.boolean({ char: "q", description: "print nothing: the exit code says it" }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Status);
    const { usage } = this;
    const maxErrors = readMaxErrors(flags["max-errors"], usage);
    this.exit(await runStatus(args.dir, { ...flags, maxErrors }, usage));
  }
}
