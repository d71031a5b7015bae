import { Command, harmless } from "../cli/command.js";
import { Flags } from "../cli/flags/flag.js";
import { targetRequest, taskSecretFlag, wandbFlags } from "../cli/flags/wandb-flags.js";
import { report } from "../cli/receipts/report.js";
import { watchStopSignals } from "../cli/stop-signal.js";
import { flagNames, isUsage, reasons } from "../cli/usage-error.js";
import { EXIT } from "../exit-code.js";
import { stdinIs } from "../io/stdin.js";
import { say } from "../io/terminal.js";
import { echoesInput } from "../live/main.js";
import { ParentChannel } from "../live/parent-channel.js";
import { automationCode, endProcess, runPipe } from "../live/pipe.js";
import { deadline, signalsDelivered, watchPipeSignals } from "../live/pipe-signals.js";
import { CHANNEL, READY, TRIAL } from "../live/reader-process.js";
import { readTaskLog } from "../live/task-log.js";

/** Milliseconds in which the queue is to say what has started the task's group. */
const TRIAL_TIMEOUT = 60_000;

const W_AND_B = "WEIGHTS & BIASES";

export default class ParseTcLogs extends Command {
  static override summary = "Read the log of a training task as Python's parse_tc_logs does.";
  static override description =
    `For train.py, which pipes a training through it. Reads Taskcluster logs and plain train.log files. \
With --from-stream, standard input passes through to standard output unchanged, whatever happens to reading and publishing, \
which a second process does. The CSV files grow row by row, and measurements.ndjson beside them holds every line so far. \
Existing files are replaced.

Inside a Taskcluster task, project, group and name of the run come from the task, and the key from --taskcluster-secret.

Exit codes: those of parse. With MOZ_AUTOMATION set 0, unless a signal came or the task belongs to a push or a pull request.`;
  static override examples = [
    "parse_tc_logs --input-file live_backing.log --output-dir output",
    "marian -c config.yml 2>&1 | parse_tc_logs --from-stream --verbose",
  ];
  static override hidden = true;
  static override flags = {
    "input-file": Flags.string({
      char: "i",
      description: "the log to read",
      exclusive: ["from-stream"],
      helpValue: "FILE",
    }),
    "from-stream": Flags.boolean({ char: "s", description: "read standard input and pass it through" }),
    "output-dir": Flags.string({
      char: "o",
      aliases: ["output"],
      default: "output",
      description: "folder of training.csv and validation.csv",
      helpValue: "DIR",
    }),
    verbose: Flags.boolean({ char: "v", description: "every sample in the receipt" }),
    "publish-group-logs": Flags.boolean({
      description: "W&B: create or complete the run of the task's group",
      helpGroup: W_AND_B,
    }),
    ...wandbFlags,
    // As in the Python command, one flag takes all words up to the next flag.
    tags: Flags.string({
      multiple: true,
      description: "W&B: tags of the run",
      helpGroup: W_AND_B,
      helpValue: "TAG",
    }),
    "wandb-publication": Flags.boolean({
      description: "W&B: publish",
      env: "WANDB_PUBLICATION",
      helpGroup: W_AND_B,
    }),
    ...taskSecretFlag,
  };

  /** Whether this process reads what another one passes on. */
  get #reads(): boolean {
    return process.env[CHANNEL] !== undefined;
  }

  override async catch(error: Error & { exitCode?: number }): Promise<void> {
    if (!isUsage(error)) return super.catch(error);
    if (this.#reads) say("parse_tc_logs: standard input is passed through and not read");
    say(
      `parse_tc_logs: ${reasons(harmless(error), flagNames(ParseTcLogs.flags)).join("; ")}; see parse_tc_logs --help`,
    );
    return this.exit(EXIT.usage);
  }

  async run(): Promise<void> {
    const started = performance.now();
    if (!this.#reads && echoesInput(this.argv)) {
      const [program, binary = ""] = process.argv;
      const args = [...process.execArgv, binary, "parse_tc_logs", ...this.argv];
      return endProcess(await runPipe({ program: program ?? process.execPath, args }));
    }
    const { flags } = await this.parse(ParseTcLogs);
    const input = flags["input-file"];
    if (input === undefined && !flags["from-stream"]) {
      const hint = stdinIs("directory") ? "standard input is a directory: " : "";
      this.usage(`${hint}one of --input-file and --from-stream must be given`);
    }
    const pipe = ParentChannel.ofProcess(process.env);
    const stop = pipe === undefined ? watchStopSignals() : watchPipeSignals(pipe.gone);
    if (pipe !== undefined) {
      // What is wrong with one part must not end the others.
      process.on("uncaughtException", (error) => say(`parse_tc_logs: internal error: ${error.message}`));
      pipe.tell(READY);
    }
    const trial = this.#trial(stop.signal, pipe);
    const detail = flags.verbose ? "verbose" : "normal";
    const receipt = await readTaskLog({
      wanted: { ...targetRequest(flags), source: input ?? "-" },
      folder: flags["output-dir"],
      consent: flags["wandb-publication"],
      groupLogs: flags["publish-group-logs"],
      artifacts: flags["wandb-artifacts"],
      stop,
      pipe,
      warn: (text) => this.warn(text),
    });
    await signalsDelivered();
    const verdict = {
      strict: false,
      publisherErrors: [],
      ...(stop.received ? { signal: stop.received } : {}),
    };
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
  async #trial(signal: AbortSignal, pipe: ParentChannel | undefined): Promise<boolean> {
    const { isTrial } = await import("../live/task-context.js");
    const trial = await isTrial(process.env, deadline(TRIAL_TIMEOUT, signal)).catch(() => false);
    if (trial) pipe?.tell(TRIAL);
    return trial;
  }
}
