import { Command, Flags } from "@oclif/core";
import { EXIT } from "../cli/exit-code.js";
import { echoFaults } from "../cli/parse-inputs.js";
import { report } from "../cli/report.js";
import { watchStopSignals } from "../cli/stop-signal.js";
import { type WandbFlagValues, type WandbTarget, wandbFlags, wandbTarget } from "../cli/wandb-flags.js";
import { filePublishers, livePublishers, type PublisherFactory, runJob } from "../jobs/parse-job.js";
import { planSource } from "../jobs/plan-source.js";
import { fileSource } from "../sources/inputs.js";
import { Echo, StdinSource } from "../sources/stdin.js";

/** oclif's messages have several lines, and a hint that names another program. */
function sentence({ message }: Error): string {
  return message.replace(/\s*See more help with --help\s*$/, "").replace(/\s+/g, " ");
}

function isUsage(error: Error): boolean {
  return "oclif" in error && (error.oclif as { exit?: number }).exit === EXIT.usage;
}

function withWandb(files: PublisherFactory, published: PublisherFactory | undefined): PublisherFactory {
  return published === undefined
    ? files
    : (parser, reader) => [...files(parser, reader), ...published(parser, reader)];
}

export default class ParseTcLogs extends Command {
  static override summary =
    "Read the log of a training task, with the flags of the Python command parse_tc_logs.";
  static override description =
    `For train.sh and train.py, which call parse_tc_logs. Reads Taskcluster logs and plain train.log files.
With --from-stream standard input passes through to standard output unchanged; the CSV files grow row by row, and
measurements.ndjson beside them holds every line that has come. Existing files are replaced.`;
  static override examples = [
    "parse_tc_logs --input-file live_backing.log --output-dir output",
    "marian -c config.yml 2>&1 | parse_tc_logs --from-stream --verbose",
  ];
  static override hidden = true;
  static override flags = {
    "input-file": Flags.string({ char: "i", description: "the log to read", exclusive: ["from-stream"] }),
    "from-stream": Flags.boolean({ char: "s", description: "read standard input and pass it through" }),
    "output-dir": Flags.string({
      char: "o",
      default: "output",
      description: "folder of training.csv and validation.csv",
    }),
    verbose: Flags.boolean({ char: "v", description: "every sample in the receipt" }),
    "publish-group-logs": Flags.boolean({ description: "W&B: publish the group's logs" }),
    ...wandbFlags,
    "wandb-publication": Flags.boolean({ description: "W&B: publish", env: "WANDB_PUBLICATION" }),
    "taskcluster-secret": Flags.string({
      description: "W&B: the secret with the key",
      env: "TASKCLUSTER_SECRET",
    }),
  };

  #reading = false;

  /** Whatever is wrong with this command: the training in front of it must not notice. */
  override async catch(error: Error & { exitCode?: number }): Promise<void> {
    const streams = this.argv.some((argument) => argument.startsWith("--from") || /^-[a-z]*s/.test(argument));
    if (streams && !this.#reading && !this.argv.includes("--help")) {
      process.stderr.write("parse_tc_logs: standard input is passed through and not read\n");
      const echo = new Echo(process.stdout);
      for await (const chunk of process.stdin) await echo.write(chunk);
    }
    if (!isUsage(error)) return super.catch(error);
    this.logToStderr(`parse_tc_logs: ${sentence(error)}; see parse_tc_logs --help`);
    return this.exit(streams && process.env["MOZ_AUTOMATION"] ? EXIT.ok : EXIT.usage);
  }

  /** Publication needs a project and consent; what is missing is said and does no harm. */
  async #wandb(
    flags: WandbFlagValues & {
      "input-file": string | undefined;
      "wandb-publication": boolean;
      "publish-group-logs": boolean;
    },
    stop: AbortSignal,
  ): Promise<WandbTarget | undefined> {
    if (flags["publish-group-logs"]) this.warn("--publish-group-logs does nothing yet");
    if (flags["wandb-project"] === undefined) return undefined;
    if (!flags["wandb-publication"]) {
      this.warn(
        "nothing is published to Weights & Biases: give --wandb-publication or set WANDB_PUBLICATION=true",
      );
      return undefined;
    }
    try {
      return await wandbTarget(flags, {
        override: false,
        sources: [flags["input-file"] ?? "-"],
        stop,
        parser: {},
        environment: process.env,
      });
    } catch (error) {
      this.warn(
        `nothing is published to Weights & Biases: ${error instanceof Error ? error.message : error}`,
      );
      return undefined;
    }
  }

  async #published(input: string, wandb: WandbTarget | undefined): Promise<PublisherFactory | undefined> {
    if (wandb === undefined) return undefined;
    const plan = await planSource(fileSource(input), {});
    return plan.rows === 0 ? undefined : wandb.publisher(input, plan, { logs_file: input });
  }

  async run(): Promise<void> {
    const started = performance.now();
    const { flags } = await this.parse(ParseTcLogs);
    const input = flags["input-file"];
    if (input === undefined && !flags["from-stream"]) {
      this.error("one of --input-file and --from-stream must be given", { exit: EXIT.usage });
    }
    const stop = watchStopSignals();
    const wandb = await this.#wandb(flags, stop.signal);
    const folder = flags["output-dir"];
    this.#reading = true;
    stop.signal.addEventListener("abort", () => process.stdin.destroy(), { once: true });
    const echo = new Echo(process.stdout);
    const receipt =
      input === undefined
        ? await runJob(
            new StdinSource(process.stdin, echo),
            {},
            withWandb(livePublishers("-", folder), wandb?.publisher("-", undefined)),
            stop,
          )
        : await runJob(
            fileSource(input),
            {},
            withWandb(filePublishers(input, folder, "csv", false), await this.#published(input, wandb)),
            stop,
          );
    await wandb?.close();
    const verdict = {
      strict: false,
      sinkErrors: echoFaults(echo),
      ...(stop.received ? { signal: stop.received } : {}),
    };
    const code = report([receipt], verdict, {
      detail: flags.verbose ? "verbose" : "normal",
      json: false,
      stdoutTaken: input === undefined,
      started,
    });
    // In automation a fault of the publication must not look like one of the training.
    this.exit(process.env["MOZ_AUTOMATION"] && stop.received === undefined ? EXIT.ok : code);
  }
}
