/** Publishes groups to Weights & Biases. */
import type { Group, GroupRun } from "../../archive/group.js";
import type { TrainingState } from "../../check/course-check.js";
import type { ParserOptions } from "../../core/log-parser.js";
import type { Source } from "../../io/source.js";
import type { PublisherOutcome } from "../../publishers/update-publisher.js";
import type { RunPlan } from "../../run/run-plan.js";
import {
  modeOfClient,
  openClient,
  type Preview,
  placeOf,
  publishEvaluationRun,
  publishGroupLogs,
  resolveSettings,
  type WandbClient,
  type WandbPlace,
  type WandbPublication,
  WandbPublisher,
  type WandbSettings,
} from "../../wandb/index.js";
import { rowsOfSource } from "../plan-source.js";
import type { GroupTarget } from "./publish-groups.js";

/** How groups are published to W&B. */
export interface WandbGroupsOptions {
  readonly client: string | undefined;
  readonly apiKeyFile: string | undefined;
  /** Milliseconds; absent: the default of W&B's publishers. */
  readonly budget: number | undefined;
  /** Writes over runs of the same id. */
  readonly override: boolean;
  /** Tags that the command gives every run. */
  readonly tags: readonly string[];
  /** Tags that the user wants in addition; absent: those of the environment. */
  readonly userTags: readonly string[] | undefined;
  readonly parser: ParserOptions;
  readonly stop: AbortSignal;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Weights & Biases as the home of groups. */
export class WandbGroups implements GroupTarget {
  readonly place: string;
  readonly facts: GroupTarget["facts"];
  readonly #options: WandbGroupsOptions;
  readonly #settings: WandbSettings;
  readonly #client: WandbClient | undefined;
  readonly #tags: readonly string[];

  private constructor(options: WandbGroupsOptions, settings: WandbSettings) {
    const { mode, dir, baseUrl, entity = "", notes, jobType } = settings;
    this.#options = options;
    this.#settings = settings;
    this.#client = mode === "offline" ? undefined : openClient(settings);
    this.place = this.#client === undefined ? `offline ${dir}` : `${baseUrl} ${entity}`;
    this.#tags = [...options.tags, ...(options.userTags ?? settings.tags ?? [])];
    // Without notes and job type a run has the digest that earlier ledgers have of it.
    this.facts = [
      this.#tags,
      ...(notes === undefined && jobType === undefined ? [] : [notes ?? null, jobType ?? null]),
    ];
  }

  /**
   * Opens W&B as the options and the environment say; undefined if the environment disables it.
   *
   * @throws WandbError if there is no key or the URL is wrong.
   */
  static open(options: WandbGroupsOptions): WandbGroups | undefined {
    const { client, apiKeyFile, environment } = options;
    const settings = resolveSettings({ mode: modeOfClient(client), apiKeyFile }, environment);
    return settings.mode === "disabled" ? undefined : new WandbGroups(options, settings);
  }

  training(group: Group, run: GroupRun, source: Source, plan: RunPlan): WandbPublisher {
    return new WandbPublisher(this.#publication(group, run, source, plan));
  }

  /**
   * The publisher of a training that is running, whose log comes from its first byte.
   *
   * @param trainingState How the training stands when the log ends, or the command leaves.
   */
  live(
    group: Pick<Group, "project" | "name">,
    id: string,
    trainingState: () => TrainingState,
  ): WandbPublisher {
    const { override } = this.#options;
    return new WandbPublisher({ ...this.#placeOf(group), id, replayed: true, trainingState, override });
  }

  evaluations({ id, evaluations }: GroupRun, group: Group): Promise<PublisherOutcome> {
    return publishEvaluationRun({
      ...this.#placeOf(group),
      id,
      evaluations,
      override: this.#options.override,
    });
  }

  groupLogs({ runs: _runs, problems: _problems, ...group }: Group): Promise<PublisherOutcome> {
    return publishGroupLogs({ ...group, ...this.#placeOf(group), group: group.name });
  }

  preview(group: Group, run: GroupRun, source: Source, plan: RunPlan): Promise<Preview> {
    return new WandbPublisher(this.#publication(group, run, source, plan)).preview();
  }

  async close(): Promise<void> {
    await this.#client?.close();
  }

  #placeOf({ project, name }: Pick<Group, "project" | "name">): WandbPlace {
    const { client, budget, stop } = this.#options;
    return {
      ...placeOf(this.#settings),
      project,
      group: name,
      tags: this.#tags,
      ...(this.#client === undefined ? {} : { client: this.#client }),
      transport: client === "sdk" ? "sdk" : "native",
      ...(budget === undefined ? {} : { budget }),
      stop,
    };
  }

  #publication(group: Group, run: GroupRun, source: Source, plan: RunPlan): WandbPublication {
    const { parser, override } = this.#options;
    return {
      ...this.#placeOf(group),
      id: run.id,
      plan,
      rows: () => rowsOfSource(source, parser, plan),
      evaluations: run.evaluations,
      trainingState: () => run.unfinished ?? (source.changed === true ? "running" : undefined),
      override,
    };
  }
}
