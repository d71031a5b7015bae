/** What the flags of Weights & Biases ask `parse` to publish. */
import { dirname, resolve } from "node:path";
import { fileSource } from "../../archive/input-source.js";
import type { ParserOptions } from "../../core/log-parser.js";
import { runNameOf, runNames } from "../../evaluation/naming/run-name.js";
import { STDIN } from "../../io/inputs.js";
import { BufferedPublisher, type PublisherOpening } from "../../live/buffered-publisher.js";
import { taskFileReader } from "../../live/task-files/task-file-reader.js";
import type { PublisherOpener } from "../../pipeline/parse-logs.js";
import { rowsOfSource } from "../../pipeline/plan-source.js";
import { WholeLogPublisher } from "../../pipeline/whole-log-publisher.js";
import type { RunPlan } from "../../run/run-plan.js";
import type { StepRow } from "../../run/step-rows.js";
import {
  checkRunId,
  given,
  modeOfClient,
  openClient,
  type Preview,
  placeOf,
  resolveSettings,
  WandbError,
  type WandbPublication,
  WandbPublisher,
} from "../../wandb/index.js";
import type { WandbFlagValues } from "./wandb-flags.js";

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
 * What the flags and the environment ask for; undefined if W&B is switched off.
 *
 * @throws WandbError with a message for the user: no project, no key, a bad URL.
 */
export async function wandbTarget(
  flags: WandbFlagValues,
  options: WandbTargetOptions,
): Promise<WandbTarget | undefined> {
  const { environment } = options;
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
        const folder = name === STDIN ? process.cwd() : dirname(resolve(name));
        const opening: PublisherOpening = (trainingState) =>
          new WandbPublisher({ ...wanted, trainingState, folder });
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
