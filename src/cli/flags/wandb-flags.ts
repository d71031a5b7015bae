/** The flags of Weights & Biases, and what they ask for. */

import { fileSource } from "../../archive/input-source.js";
import type { ParserOptions } from "../../core/log-parser.js";
import { runNameOf, runNames } from "../../evaluation/naming/run-name.js";
import type { PublisherOpening } from "../../live/buffered-publisher.js";
import type { TargetRequest } from "../../live/run-target.js";
import { taskFileReader } from "../../live/task-files/task-file-reader.js";
import type { PublisherOpener } from "../../pipeline/parse-logs.js";
import { rowsOfSource } from "../../pipeline/plan-source.js";
import { WholeLogPublisher } from "../../pipeline/whole-log-publisher.js";
import type { RunPlan } from "../../run/run-plan.js";
import type { StepRow } from "../../run/step-rows.js";
import type { Preview, WandbPublication, WandbSettings } from "../../wandb/index.js";
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

/** What is to be published, the same for all runs of a command. */
export interface WandbTarget {
  /** Makes the publisher of a log. */
  readonly publisher: PublisherOpener;
  /** What publishing the run of a log would do. */
  preview(source: string, plan: RunPlan): Promise<Preview>;
  /** Ends the connections. */
  close(): Promise<void>;
}

/** How a target may be refused. */
export interface WandbTargetOptions {
  /** Writes over runs of the same id instead of going on with them. */
  readonly override: boolean;
  /** All logs of the command, so that no two of them become one run. */
  readonly sources: readonly string[];
  /** Asks for an orderly end. */
  readonly stop: AbortSignal;
  /** How the logs are read. */
  readonly parser: ParserOptions;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/**
 * What the flags and the environment ask for; undefined if publishing is not asked for or W&B is switched off.
 *
 * @throws WandbError with a message for the user: no project, no key, a bad URL.
 */
export async function wandbTarget(
  flags: WandbFlagValues,
  options: WandbTargetOptions,
): Promise<WandbTarget | undefined> {
  const { environment } = options;
  if (flags["wandb-project"] === undefined && !flags.wandb) return undefined;
  const [
    { checkRunId, given, modeOfClient, openClient, placeOf, resolveSettings, WandbError, WandbPublisher },
    { BufferedPublisher },
  ] = await Promise.all([import("../../wandb/index.js"), import("../../live/buffered-publisher.js")]);
  const project = flags["wandb-project"] ?? given(environment, "WANDB_PROJECT");
  if (project === undefined)
    throw new WandbError("refused", "--wandb needs a project: set WANDB_PROJECT, or give --wandb-project");
  const settings = resolveSettings(
    { mode: modeOfClient(flags["wandb-client"]), apiKeyFile: flags["wandb-api-key-file"] },
    environment,
  );
  if (settings.mode === "disabled") return undefined;
  const names = runNames(
    options.sources,
    flags["wandb-run-name"] ?? given(environment, "WANDB_NAME"),
    process.cwd(),
  );
  for (const name of names.values()) checkRunId(name);
  const client = settings.mode === "offline" ? undefined : openClient(settings);
  const author = environment["WANDB_AUTHOR"];
  const tags = [...(flags.tags ?? settings.tags ?? []), ...(author ? [`author:${author}`] : [])];
  const publication = (source: string): WandbPublication => {
    const group = flags["wandb-group"] ?? given(environment, "WANDB_RUN_GROUP");
    const artifacts = flags["wandb-artifacts"];
    const taskFiles = taskFileReader(source, environment);
    return {
      ...placeOf(settings),
      id: names.get(source) ?? runNameOf(source, process.cwd()),
      project,
      ...(group === undefined ? {} : { group }),
      tags,
      ...(artifacts === undefined ? {} : { artifacts }),
      ...(client === undefined ? {} : { client }),
      transport: flags["wandb-client"] === "sdk" ? "sdk" : "native",
      ...(taskFiles === undefined ? {} : { taskFiles }),
      override: options.override,
      ...(flags["retry-for"] === undefined ? {} : { budget: flags["retry-for"] }),
      stop: options.stop,
    };
  };
  return {
    publisher: ({ name, source, live }) => {
      const { parser, stop } = options;
      const wanted = publication(name);
      if (live) {
        const opening: PublisherOpening = (trainingState) => new WandbPublisher({ ...wanted, trainingState });
        const closed = () => source.closed === true;
        return new BufferedPublisher("W&B", Promise.resolve(opening), { parser, stop, closed });
      }
      const trainingState = () => (source.changed === true ? "running" : undefined);
      const make = (plan: RunPlan, rows: () => AsyncIterable<StepRow>) =>
        new WandbPublisher({ ...wanted, trainingState, plan, rows });
      return new WholeLogPublisher("W&B", { again: () => fileSource(name), parser, stop, make });
    },
    preview: (source, plan) => {
      const rows = () => rowsOfSource(fileSource(source), options.parser, plan);
      return new WandbPublisher({ ...publication(source), plan, rows }).preview();
    },
    close: async () => {
      await client?.close();
    },
  };
}
