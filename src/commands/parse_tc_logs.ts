import { writeSync } from "node:fs";
import { Command, Flags } from "@oclif/core";
import { EXIT } from "../cli/exit-code.js";
import { report } from "../cli/report.js";
import { wandbFlags } from "../cli/wandb-flags.js";
import { filePublishers, livePublishers, type PublisherFactory, runJob } from "../jobs/parse-job.js";
import { planSource, rowsOfSource } from "../jobs/plan-source.js";
import { automationCode } from "../online/automation.js";
import { LatePublisher, type PublisherOpening } from "../online/late-publisher.js";
import { passesOn } from "../online/passes-on.js";
import { endProcess, runPipe } from "../online/pipe.js";
import { CHANNEL, READY, TRIAL } from "../online/reader.js";
import type { RunTarget } from "../online/run-target.js";
import { type StopOrder, watchStopOrders } from "../online/stop-orders.js";
import type { UpdatePublisher } from "../publishers/update-publisher.js";
import type { Arguments } from "../run/command-line.js";
import { fileSource } from "../sources/inputs.js";
import { StdinSource } from "../sources/stdin.js";

/** oclif's messages have several lines, and a hint that names another program. */
function sentence({ message }: Error): string {
  return message.replace(/\s*See more help with --help\s*$/, "").replace(/\s+/g, " ");
}

function isUsage(error: Error): boolean {
  return "oclif" in error && (error.oclif as { exit?: number }).exit === EXIT.usage;
}

/** Milliseconds in which the queue is to say what has started the task's group. */
const TRIAL_TIMEOUT = 60_000;

const W_AND_B = "WEIGHTS & BIASES";

export default class ParseTcLogs extends Command {
  static override summary =
    "Read the log of a training task, with the flags of the Python command parse_tc_logs.";
  static override description =
    `For train.py, which pipes a training through it. Reads Taskcluster logs and plain train.log files.
With --from-stream standard input passes through to standard output unchanged, whatever happens to the reading and
publishing of it, which a process of its own does; the CSV files grow row by row, and measurements.ndjson beside them
holds every line that has come. Existing files are replaced.

Inside a Taskcluster task, project, group and name of the run come from the task, and the key from --taskcluster-secret.

Exit codes: as those of parse. With MOZ_AUTOMATION set 0, unless a signal came or the task belongs to a push.`;
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
    "publish-group-logs": Flags.boolean({
      description: "W&B: create or complete the run of the task's group",
      helpGroup: W_AND_B,
    }),
    ...wandbFlags,
    "wandb-publication": Flags.boolean({
      description: "W&B: publish",
      env: "WANDB_PUBLICATION",
      helpGroup: W_AND_B,
    }),
    "taskcluster-secret": Flags.string({
      description: "W&B: the secret with the key, read through the task's proxy",
      env: "TASKCLUSTER_SECRET",
      helpGroup: W_AND_B,
    }),
  };

  /** Whether this process reads what another one passes on. */
  get #reads(): boolean {
    return process.env[CHANNEL] !== undefined;
  }

  override async catch(error: Error & { exitCode?: number }): Promise<void> {
    if (!isUsage(error)) return super.catch(error);
    if (this.#reads) process.stderr.write("parse_tc_logs: standard input is passed through and not read\n");
    this.logToStderr(`parse_tc_logs: ${sentence(error)}; see parse_tc_logs --help`);
    return this.exit(EXIT.usage);
  }

  async run(): Promise<void> {
    const started = performance.now();
    if (!this.#reads && passesOn(this.argv)) {
      const [program, binary = ""] = process.argv;
      const args = [...process.execArgv, binary, "parse_tc_logs", ...this.argv];
      return endProcess(await runPipe({ program: program ?? process.execPath, args }));
    }
    const { flags } = await this.parse(ParseTcLogs);
    const input = flags["input-file"];
    if (input === undefined && !flags["from-stream"]) {
      this.error("one of --input-file and --from-stream must be given", { exit: EXIT.usage });
    }
    const stop = watchStopOrders();
    if (this.#reads) {
      // What is wrong with one part must not end the others.
      process.on("uncaughtException", (error) =>
        process.stderr.write(`parse_tc_logs: internal error: ${error.message}\n`),
      );
      tell(READY);
    }
    const trial = this.#trial(stop.signal);
    const detail = flags.verbose ? "verbose" : "normal";
    const receipt =
      input === undefined ? await this.#readStream(flags, stop) : await this.#readFile(input, flags, stop);
    const verdict = { strict: false, sinkErrors: [], ...(stop.received ? { signal: stop.received } : {}) };
    const code = report([receipt], verdict, {
      detail,
      json: false,
      stdoutTaken: input === undefined,
      started,
    });
    // What the code means in automation is for the process to say that the training is waiting for.
    const shown = code === EXIT.ok || (await trial);
    this.exit(this.#reads || stop.received !== undefined ? code : automationCode(code, process.env, shown));
  }

  /** Asks whether faults are to show; who passes standard input on hears of it at once, in case this process dies. */
  async #trial(signal: AbortSignal): Promise<boolean> {
    const { isTrial } = await import("../online/task-context.js");
    const asking = AbortSignal.any([signal, AbortSignal.timeout(TRIAL_TIMEOUT)]);
    const trial = await isTrial(process.env, asking).catch(() => false);
    if (trial && this.#reads) tell(TRIAL);
    return trial;
  }

  async #readStream(flags: Values, stop: StopOrder) {
    const opening = this.#live(flags, stop);
    const factory: PublisherFactory = (parser, reader) => [
      ...livePublishers("-", flags["output-dir"])(parser, reader),
      new LatePublisher("W&B", opening),
    ];
    // Who passes standard input on ends it after a signal.
    return await runJob(new StdinSource(process.stdin), {}, factory);
  }

  async #readFile(input: string, flags: Values, stop: StopOrder) {
    const files = filePublishers(input, flags["output-dir"], "csv", false);
    const target = await this.#target(flags, stop.signal, input);
    const published = target === undefined ? undefined : await this.#whole(target, input, flags);
    const factory: PublisherFactory = (parser, reader) => [
      ...files(parser, reader),
      ...(published === undefined ? [] : [published(parser.time)]),
    ];
    return await runJob(fileSource(input), {}, factory, stop);
  }

  /** A running training; its place is looked for while it runs. */
  async #live(flags: Values, stop: StopOrder): Promise<PublisherOpening | undefined> {
    try {
      const target = await this.#target(flags, stop.signal, "-");
      if (target === undefined) return undefined;
      const { LiveRun } = await import("../online/live-run.js");
      const { readTaskFiles } = await import("../sources/task-files/task-files.js");
      const groupLogs = flags["publish-group-logs"];
      const publication = {
        ...publicationOf(flags),
        taskFiles: (options: Arguments) => readTaskFiles(options, process.cwd()),
      };
      return (time) => new LiveRun(target, { stop, groupLogs, publication }, time);
    } catch (error) {
      this.#warn(
        `nothing is published to Weights & Biases: ${error instanceof Error ? error.message : error}`,
      );
      return undefined;
    }
  }

  /** A log that is whole, unless there is nothing in it. */
  async #whole(target: RunTarget, input: string, flags: Values): Promise<PublisherOpening | undefined> {
    const plan = await planSource(fileSource(input), {});
    if (plan.rows === 0) return undefined;
    const { WandbPublisher } = await import("../publishers/wandb/wandb-publisher.js");
    const { readTaskFilesOfLog } = await import("../sources/task-files/task-files.js");
    const publication = {
      ...target.place,
      id: target.id,
      plan,
      rows: () => rowsOfSource(fileSource(input), {}, plan),
      extraConfig: { logs_file: input },
      taskFiles: (options: Arguments) => readTaskFilesOfLog(options, input),
      override: false,
      ...publicationOf(flags),
    };
    return (time): UpdatePublisher => new WandbPublisher(publication, time);
  }

  /** Publication needs a project and consent; what is missing is said and does no harm. */
  async #target(flags: Values, stop: AbortSignal, source: string): Promise<RunTarget | undefined> {
    const project = flags["wandb-project"];
    const secret = flags["taskcluster-secret"];
    if (!flags["wandb-publication"]) {
      if (flags["publish-group-logs"])
        this.#warn("--publish-group-logs is ignored, as nothing is published to Weights & Biases");
      if (project !== undefined || secret !== undefined)
        this.#warn(
          "nothing is published to Weights & Biases: give --wandb-publication or set WANDB_PUBLICATION=true",
        );
      return undefined;
    }
    const { findTarget } = await import("../online/run-target.js");
    const wish = {
      project,
      group: flags["wandb-group"],
      run: flags["wandb-run-name"],
      tags: flags.tags ?? [],
      secret: secret || undefined,
      client: flags["wandb-client"],
      source,
    };
    const target = await findTarget(wish, {
      environment: process.env,
      stop,
      warn: (text) => this.#warn(text),
    });
    if (target !== undefined && target.task === undefined && flags["publish-group-logs"])
      this.#warn("--publish-group-logs is ignored: the task and its group are not known");
    return target;
  }

  #warn(text: string): void {
    this.warn(text);
  }
}

type Values = {
  readonly [Name in
    | "wandb-project"
    | "wandb-group"
    | "wandb-run-name"
    | "wandb-artifacts"
    | "wandb-client"
    | "taskcluster-secret"]: string | undefined;
} & {
  readonly "output-dir": string;
  readonly tags: string[] | undefined;
  readonly "wandb-publication": boolean;
  readonly "publish-group-logs": boolean;
};

function publicationOf({ "wandb-artifacts": artifacts }: Values) {
  return artifacts === undefined ? {} : { artifacts };
}

function tell(line: string): void {
  try {
    writeSync(Number(process.env[CHANNEL]), `${line}\n`);
  } catch {
    // Nobody passes anything on any more.
  }
}
