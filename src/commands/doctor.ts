import { Command } from "../cli/command.js";
import { Flags } from "../cli/flags/flag.js";
import { targetRequest, taskSecretFlag, wandbFlags } from "../cli/flags/wandb-flags.js";
import { EXIT } from "../exit-code.js";
import { resultFolder } from "../io/artifact-folder.js";
import { jsonText } from "../io/escape.js";
import { print, printText } from "../io/terminal.js";
import type { Finding } from "../live/diagnosis.js";

const { "wandb-artifacts": _artifacts, ...sharedFlags } = wandbFlags;
const W_AND_B = "WEIGHTS & BIASES";

/** What a state is called on a terminal. */
const LABELS = { ok: "ok", warning: "warning", failure: "FAILURE" } as const;

export default class Doctor extends Command {
  static override summary = "Check what publishing a training depends on.";
  static override description =
    `Checks Node, the folder of the results, the Taskcluster task with its proxy and secret, the key and the server of Weights & \
Biases, and GPUs. Changes nothing and prints no secret. Run it where the training will run.

Exit codes: 0 nothing is in the way; 1 something is; 2 wrong flags.`;
  static override examples = [
    "<%= config.bin %> doctor",
    "<%= config.bin %> doctor --wandb-project cs-en --wandb-run-name teacher-1 --json",
  ];
  static override flags = {
    "output-dir": Flags.string({
      char: "o",
      aliases: ["output"],
      description: "folder of the results  [default: that of parse_tc_logs]",
      helpValue: "DIR",
    }),
    json: Flags.boolean({ description: "the findings as JSON on standard output" }),
    ...sharedFlags,
    "wandb-publication": Flags.boolean({
      description: "W&B: publish, as for parse_tc_logs",
      env: "WANDB_PUBLICATION",
      helpGroup: W_AND_B,
    }),
    ...taskSecretFlag,
  };

  async run(): Promise<void> {
    // Reading the flags sets variables that the file stands for.
    const place = { folder: process.cwd(), environment: { ...process.env } };
    const { flags } = await this.parse(Doctor);
    const [{ diagnose }, { optionOrigins, originText }] = await Promise.all([
      import("../live/diagnosis.js"),
      import("../cli/options-file/origins.js"),
    ]);
    const findings: Finding[] = [];
    const looking = diagnose({
      ...targetRequest(flags),
      source: "-",
      environment: process.env,
      folder: flags["output-dir"] ?? resultFolder(process.env),
      consent: flags["wandb-publication"],
    });
    for await (const finding of looking) {
      findings.push(finding);
      const { about, state, text } = finding;
      if (!flags.json) print(`${about.padEnd(9)}${LABELS[state].padEnd(9)}${text}`);
    }
    const code = findings.some(({ state }) => state === "failure") ? EXIT.input : EXIT.ok;
    const options = optionOrigins(this.config.commands, place);
    if (!flags.json) for (const option of options) print(`${"option".padEnd(18)}${originText(option)}`);
    if (flags.json) printText(jsonText({ findings, options, exit_code: code }));
    this.exit(code);
  }
}
