/** The flags of the commands that publish groups: `archive`, `group`, `task`. */

import { tablesCompressionFlag } from "./compression.js";
import { Flags } from "./flag.js";
import { quietFlag } from "./receipt-flags.js";
import { folderName } from "./row-output.js";
import { wandbKeyFlag } from "./wandb-flags.js";

const WANDB = "WEIGHTS & BIASES";

/** Flags that all of them share. */
export const groupFlags = {
  "output-dir": Flags.string({
    char: "o",
    aliases: ["output"],
    parse: folderName,
    description: "folder of the tables training, validation, evaluations and runs",
    helpValue: "DIR",
    helpGroup: "TABLES",
  }),
  format: Flags.option({
    options: ["csv", "parquet", "ndjson"] as const,
    multiple: true,
    multipleNonGreedy: true,
  })({
    description: "form of the tables; may be repeated  [default: csv and parquet]",
    dependsOn: ["output-dir"],
    helpGroup: "TABLES",
  }),
  compression: tablesCompressionFlag,
  only: Flags.option({ options: ["training", "evaluations"] as const })({
    description: "only trainings, or only evaluations",
  }),
  jobs: Flags.integer({
    char: "j",
    min: 1,
    description: "threads that read logs for the tables  [default: the number of cores]",
    helpGroup: "TABLES",
    helpValue: "N",
  }),
  "time-zone": Flags.string({
    description: "zone of Marian's clock, for example Europe/Paris",
    helpValue: "ZONE",
  }),
  wandb: Flags.boolean({
    allowNo: true,
    default: true,
    description: "W&B: publish runs and groups",
    helpGroup: WANDB,
  }),
  "wandb-client": Flags.option({ options: ["native", "sdk", "offline"] as const })({
    description:
      "W&B: our own client, npm's @wandb/sdk (which keeps less), or the official offline file only  [default: native; WANDB_MODE=offline: offline]",
    helpGroup: WANDB,
  }),
  "override-runs": Flags.boolean({
    description: "W&B: publish everything again, and replace the rows of runs with the same id",
    helpGroup: WANDB,
  }),
  ...wandbKeyFlag,
  tags: Flags.string({
    multiple: true,
    multipleNonGreedy: true,
    description: "W&B: a tag of the runs; may be repeated",
    helpGroup: WANDB,
    helpValue: "TAG",
  }),
  ledger: Flags.string({
    description:
      "W&B: file that records what has arrived  [default: in the output folder, else in the user's cache]",
    helpValue: "FILE",
    helpGroup: WANDB,
  }),
  "dry-run": Flags.boolean({
    description: "print what would be done (new, changed, unchanged, unreadable), and change nothing",
  }),
  json: Flags.boolean({ description: "the receipt as JSON on standard output", helpGroup: "RECEIPT" }),
  ...quietFlag,
  verbose: Flags.boolean({
    char: "v",
    description: "every run in the receipt",
    exclusive: ["quiet"],
    helpGroup: "RECEIPT",
  }),
};
