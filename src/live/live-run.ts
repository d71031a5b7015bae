/** A run that is published while its training goes on. */

import type { PublisherOutcome } from "../publishers/update-publisher.js";
import type { RunUpdate } from "../run/run-reader.js";
import {
  type JsonObject,
  messageOf,
  publishGroupLogs,
  type WandbPublication,
  WandbPublisher,
} from "../wandb/index.js";
import type { LivePublisher } from "./buffered-publisher.js";
import { INPUT } from "./channel.js";
import type { StopRequest } from "./pipe-signals.js";
import type { RunTarget } from "./run-target.js";
import { SystemMetrics } from "./system-metrics/system-metrics.js";

/** Milliseconds without progress after which the group's run goes to the offline file. */
const GROUP_BUDGET = 60_000;

/** What is published with the rows. */
export interface LiveRunOptions {
  readonly stop: StopRequest;
  /** Creates or completes the run of the group. */
  readonly groupLogs: boolean;
  readonly publication: Partial<Pick<WandbPublication, "artifacts" | "taskFiles" | "trainingState">>;
}

/** Publishes a training with the machine's system metrics, and the run of its group. */
export class LiveRun implements LivePublisher {
  readonly name = "W&B";
  readonly #target: RunTarget;
  readonly #publisher: WandbPublisher;
  readonly #metrics: SystemMetrics;
  readonly #groupLogs: Promise<PublisherOutcome | undefined>;

  constructor(target: RunTarget, { stop, groupLogs, publication }: LiveRunOptions) {
    const { place, id } = target;
    this.#target = target;
    this.#publisher = new WandbPublisher({
      ...place,
      id,
      override: false,
      folder: (process.env["TASK_ID"] && process.env["VCS_PATH"]) || process.cwd(),
      ...publication,
    });
    this.#metrics = new SystemMetrics((sample) => this.#publisher.systemMetrics(sample), {
      input: process.env[INPUT],
    });
    this.#metrics.start();
    this.#groupLogs = groupLogs ? this.#publishGroup() : Promise.resolve(undefined);
    const preempting = (): void => {
      if (stop.received !== "SIGINT") this.#publisher.interrupt(stop.received === "SIGTERM");
    };
    if (stop.signal.aborted) preempting();
    else stop.signal.addEventListener("abort", preempting, { once: true });
  }

  publish(update: RunUpdate): Promise<void> {
    return this.#publisher.publish(update);
  }

  flush(): Promise<void> {
    return this.#publisher.flush();
  }

  logEnds(): void {
    this.#publisher.logEnds();
  }

  giveUp(): void {
    this.#publisher.giveUp();
  }

  async close(): Promise<PublisherOutcome> {
    this.#metrics.stop();
    const { place } = this.#target;
    try {
      const [own, group] = await Promise.all([this.#publisher.close(), this.#groupLogs]);
      const undelivered = [
        own.undelivered,
        // One cause is named once.
        group?.undelivered !== place.offlineReason &&
          group?.undelivered &&
          `group_logs: ${group.undelivered}`,
      ];
      return {
        ...own,
        outputs: [...own.outputs, ...(group?.outputs ?? [])],
        notes: [
          ...(own.notes ?? []),
          ...(group?.notes ?? []).map((note) => ({ ...note, text: `group_logs: ${note.text}` })),
        ],
        undelivered: undelivered.filter(Boolean).join("; ") || undefined,
      };
    } finally {
      await this.#target.close();
    }
  }

  async discard(): Promise<void> {
    this.#metrics.stop();
    await this.#publisher.discard();
    await this.#target.close();
  }

  /** The group's run matters less than the training's own. */
  async #publishGroup(): Promise<PublisherOutcome | undefined> {
    const { place, task, suffix } = this.#target;
    if (task === undefined || suffix === undefined) return undefined;
    const { config, name: group } = task.experiment;
    try {
      return await publishGroupLogs({
        ...place,
        budget: place.budget ?? GROUP_BUDGET,
        group,
        suffix,
        ...(config === undefined ? {} : { config: config as JsonObject }),
        evaluations: [],
      });
    } catch (error) {
      return { outputs: [], undelivered: messageOf(error) };
    }
  }
}
