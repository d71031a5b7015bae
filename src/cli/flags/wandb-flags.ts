/** The flags of Weights & Biases, and what they ask for. */
import type { TargetRequest } from "../../live/run-target.js";
import type { WandbSettings } from "../../wandb/index.js";
import { durationFlag } from "./duration.js";
import { Flags } from "./flag.js";

/** The flags of every command that speaks to the server. */
export const wandbKeyFlag = {
  "retry-for": durationFlag("retry-for")({
    description:
      "W&B: how long to try without progress before rows go to the offline file  [default: 5m; eval and the end of a training: 60s]",
    helpGroup: "WEIGHTS & BIASES",
  }),
  "wandb-api-key-file": Flags.string({
    description:
      "W&B: file with the API key  [default: WANDB_API_KEY, then netrc, then the settings of the official client]",
    helpValue: "FILE",
    helpGroup: "WEIGHTS & BIASES",
  }),
};

/** The flag of the commands that run inside a task. */
export const taskSecretFlag = {
  "taskcluster-secret": Flags.string({
    description: "W&B: the Taskcluster secret that holds the key, read through the task's proxy",
    env: "TASKCLUSTER_SECRET",
    helpGroup: "WEIGHTS & BIASES",
    helpValue: "NAME",
  }),
};

/** Flags that `parse` and `parse_tc_logs` share. */
export const wandbFlags = {
  "wandb-project": Flags.string({
    description: "W&B: project to publish to",
    helpGroup: "WEIGHTS & BIASES",
    helpValue: "NAME",
  }),
  "wandb-group": Flags.string({
    description: "W&B: group of the run",
    helpGroup: "WEIGHTS & BIASES",
    helpValue: "NAME",
  }),
  "wandb-run-name": Flags.string({
    description: "W&B: id and name of the run  [default: the model of the log's folder, else the log's name]",
    helpGroup: "WEIGHTS & BIASES",
    helpValue: "NAME",
  }),
  "wandb-artifacts": Flags.string({
    description: "W&B: folder to publish as an artifact called logs",
    helpValue: "DIR",
    helpGroup: "WEIGHTS & BIASES",
  }),
  "wandb-client": Flags.option({ options: ["native", "sdk", "offline"] as const })({
    description:
      "W&B: our own client, npm's @wandb/sdk (which keeps less), or the official offline file only  [default: native; WANDB_MODE=offline: offline]",
    helpGroup: "WEIGHTS & BIASES",
  }),
  tags: Flags.string({
    multiple: true,
    multipleNonGreedy: true,
    description: "W&B: a tag of the run; may be repeated",
    helpGroup: "WEIGHTS & BIASES",
    helpValue: "TAG",
  }),
  ...wandbKeyFlag,
};

/** Flags that do nothing if nothing is published. */
const PUBLISHING = [
  "wandb-group",
  "wandb-run-name",
  "wandb-artifacts",
  "wandb-client",
  "tags",
  "retry-for",
  "wandb-api-key-file",
  "override-runs",
] as const;

/** What to tell the user whose flags of `parse` do nothing, as nothing is published; undefined if all do something. */
export function unusedFlagsText(flags: WandbFlagValues): string | undefined {
  if (flags["wandb-project"] !== undefined || flags.wandb) return undefined;
  const unused = PUBLISHING.filter((name) => (flags[name] ?? false) !== false).map((name) => `--${name}`);
  return unused.length === 0
    ? undefined
    : `nothing is published to Weights & Biases, so ${unused.join(", ")} ${unused.length === 1 ? "does" : "do"} nothing: give --wandb-project, or --wandb and WANDB_PROJECT`;
}

/** The one line of a command that publishes and has no key. */
export function noKeyText(
  what: string,
  { baseUrl, entity }: Pick<WandbSettings, "baseUrl" | "entity">,
): string {
  const where = entity === undefined ? baseUrl : `${baseUrl}, entity ${entity}`;
  return `no W&B API key was found: set WANDB_API_KEY or add the server to ~/.netrc to publish ${what} to ${where}; WANDB_MODE=offline writes files for later, --no-wandb publishes nothing`;
}

/** The values of {@link wandbFlags}. */
export interface WandbFlagValues {
  /** Publishes to the project of the environment; only `parse` has this flag. */
  readonly wandb?: boolean;
  readonly "wandb-project": string | undefined;
  readonly "wandb-group": string | undefined;
  readonly "wandb-run-name": string | undefined;
  readonly "wandb-artifacts"?: string | undefined;
  readonly "wandb-client": string | undefined;
  readonly tags: string[] | undefined;
  readonly "wandb-api-key-file": string | undefined;
  readonly "retry-for"?: number | undefined;
  readonly "override-runs"?: boolean;
}

/** Where the run of a task goes, as far as the flags say it. */
export function targetRequest(
  flags: WandbFlagValues & { readonly "taskcluster-secret": string | undefined },
): Omit<TargetRequest, "source"> {
  return {
    project: flags["wandb-project"],
    group: flags["wandb-group"],
    run: flags["wandb-run-name"],
    tags: flags.tags,
    secret: flags["taskcluster-secret"] || undefined,
    client: flags["wandb-client"],
    keyFile: flags["wandb-api-key-file"],
    retryMs: flags["retry-for"],
  };
}
