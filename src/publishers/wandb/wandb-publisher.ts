/** Publishes one training run to Weights & Biases. */
import type { TimestampFormat } from "../../parser/timestamp.js";
import { LogLines } from "../../run/log-lines.js";
import type { RunPlan } from "../../run/run-plan.js";
import type { RunUpdate } from "../../run/run-reader.js";
import type { Segment } from "../../run/segment.js";
import { type StepRow, StepRows } from "../../run/step-rows.js";
import type { PublisherOutcome, UpdatePublisher } from "../update-publisher.js";
import { Budget } from "./client/budget.js";
import { UndeliveredError, WandbError } from "./client/errors.js";
import { type ExistingRun, findRun } from "./client/existing-run.js";
import type { WandbClient } from "./client/wandb-client.js";
import { NativeSink } from "./native-sink.js";
import type { JsonObject } from "./offline/json-text.js";
import { OfflineSink } from "./offline-sink.js";
import { runConfig } from "./run-config.js";
import type { LogLine, RunDescription, RunOutcome, RunSink } from "./run-sink.js";
import { SdkSink } from "./sdk-sink.js";

/** What is published, and how. */
export interface WandbPublication {
  readonly id: string;
  readonly project: string;
  readonly entity?: string;
  readonly group?: string;
  readonly tags: readonly string[];
  /** Keys of the configuration beside those of the log. */
  readonly extraConfig?: JsonObject;
  /** A folder to publish as the artifact `logs`. */
  readonly artifacts?: string;
  /** Where rows go; absent, the offline file only. */
  readonly client?: WandbClient;
  /** What carries the rows; default our own client, which in either case looks at what the server holds. */
  readonly transport?: "native" | "sdk";
  /** Folder below which offline files are written. */
  readonly dir: string;
  readonly baseUrl: string;
  /** The whole log, read before; absent while the training runs. */
  readonly plan?: RunPlan;
  /** The log's row of an update; absent like the plan. */
  readonly rowOf?: (step: number) => Promise<StepRow | undefined>;
  /** Writes over a run of this id instead of going on with it. */
  readonly override: boolean;
  /** Milliseconds without any progress after which rows go to the offline file; live, counted from the end. */
  readonly budget?: number;
  /** The command is to end soon. */
  readonly stop?: AbortSignal;
}

/** What a publication would do. */
export interface Preview {
  readonly id: string;
  readonly project: string;
  readonly group: string | null;
  /** Rows of the log, one an update. */
  readonly rows: number;
  /** Rows that the server holds. */
  readonly held: number;
  /** Rows that would be sent. */
  readonly sent: number;
  readonly replaced: boolean;
  /** Tables and charts that would be sent: a log has none. */
  readonly tables: number;
  readonly notes: readonly string[];
}

/** How a run is taken up. */
interface Beginning {
  readonly id: string;
  readonly existing: ExistingRun | null;
  readonly resume: "allow" | "replace";
  /** Rows and console lines that the server holds already. */
  readonly rows: number;
  readonly lines: number;
  /** There is no server, or it gave no answer. */
  readonly offline?: boolean;
}

/** Milliseconds that are left for delivery when the training has ended, and when a signal has. */
const BUDGET_AFTER_TRAINING = 60_000;
const BUDGET_AFTER_STOP = 8_000;

/** Bytes of log that may wait for the server: of a file, whose reading then waits; of a training, which does not. */
const FILE_QUEUE = 4e6;
const TRAINING_QUEUE = 32e6;

/** A publisher of one run. It begins with the first update, and its network never delays the reading of a batch. */
export class WandbPublisher implements UpdatePublisher {
  readonly name = "W&B";
  readonly #publication: WandbPublication;
  readonly #time: TimestampFormat;
  readonly #lines = new LogLines();
  readonly #segments: Segment[] = [];
  readonly #remarks: string[] = [];
  #rows: StepRows | undefined;
  #beginning: Beginning | undefined;
  #sink: RunSink | undefined;
  #row = 0;
  #line = 0;
  #timestamp: number | undefined;
  #held = 0;
  #queued = 0;
  #work: Promise<void> = Promise.resolve();
  #leftOut = 0;
  #before = 0;
  #failure: unknown;
  readonly #budget: Budget | undefined;
  readonly #hurry = () => this.#budget?.set(BUDGET_AFTER_STOP);

  constructor(publication: WandbPublication, time: TimestampFormat) {
    const { client, plan, budget, stop } = publication;
    this.#publication = publication;
    this.#time = time;
    if (client === undefined) return;
    const patience = plan === undefined ? Number.POSITIVE_INFINITY : budget;
    this.#budget = new Budget(patience, client.http.clock);
    stop?.addEventListener("abort", this.#hurry, { once: true });
  }

  async publish(update: RunUpdate): Promise<void> {
    const { plan } = this.#publication;
    this.#rows ??= new StepRows(this.#time, plan);
    this.#segments.push(...update.segments.values());
    const rows = this.#rows.take(update.batch);
    let lines = update.chunk === undefined ? this.#lines.finish() : this.#lines.take(update.chunk);
    if (update.chunk === undefined) rows.push(...this.#rows.finish());
    // A training that is running must not wait for the network. Its rows are few; its text has to stay behind.
    const full = this.#queued > (plan === undefined ? TRAINING_QUEUE : FILE_QUEUE);
    if (full && plan === undefined) {
      this.#leftOut += lines.length;
      lines = [];
    }
    this.#enqueue(
      rows,
      lines,
      update.segments.size > 0,
      lines.length === 0 ? 0 : (update.chunk?.length ?? 0),
    );
    if (full && plan !== undefined) await this.#work;
    if (this.#failure !== undefined) throw this.#failure;
  }

  async close(): Promise<PublisherOutcome> {
    const { plan, budget, stop } = this.#publication;
    // A signal has set a shorter one.
    if (plan === undefined && !stop?.aborted) this.#budget?.set(budget ?? BUDGET_AFTER_TRAINING);
    await this.#work;
    if (this.#failure !== undefined) throw this.#failure;
    const sink = await this.#start();
    if (this.#publication.artifacts !== undefined) {
      await sink.directoryArtifact("logs", "logs", this.#publication.artifacts);
    }
    const outcome = await sink.finish(0);
    this.#unwatch();
    return this.#describe(outcome);
  }

  /** What `publish` and `close` would do with this log; asks the server and changes nothing. */
  async preview(): Promise<Preview> {
    const { id, resume, rows } = await this.#begin();
    const all = this.#publication.plan?.rows ?? 0;
    return {
      id,
      project: this.#publication.project,
      group: this.#publication.group ?? null,
      rows: all,
      held: this.#held,
      sent: all - rows,
      replaced: resume === "replace",
      tables: 0,
      notes: this.#remarks,
    };
  }

  /** What was sent stays: rows that arrived are right, and the next publication goes on behind them. */
  async discard(): Promise<void> {
    await this.#work;
    await this.#sink?.finish(1);
    this.#unwatch();
  }

  /** The signal of a command outlives its runs, and would hold on to each of them. */
  #unwatch(): void {
    this.#publication.stop?.removeEventListener("abort", this.#hurry);
  }

  #enqueue(rows: readonly StepRow[], lines: readonly LogLine[], configured: boolean, bytes: number): void {
    this.#queued += bytes;
    this.#work = this.#work.then(async () => {
      this.#queued -= bytes;
      if (this.#failure !== undefined) return;
      try {
        const sink = await this.#start();
        if (configured && this.#publication.plan === undefined) sink.updateConfig(this.#config());
        for (const row of rows) await this.#send(sink, row);
        const fresh = lines.slice(Math.max(0, (this.#beginning?.lines ?? 0) - this.#line));
        this.#line += lines.length;
        if (fresh.length > 0)
          await sink.console(fresh.map((line) => ({ timestamp: this.#timestamp, ...line }) as LogLine));
      } catch (error) {
        this.#failure = error;
      }
    });
  }

  async #send(sink: RunSink, { step, timestamp, values }: StepRow): Promise<void> {
    const seconds = timestamp === undefined ? this.#timestamp : timestamp / 1000;
    this.#timestamp = seconds ?? Date.now() / 1000;
    this.#row += 1;
    if (this.#row <= (this.#beginning?.rows ?? 0)) return;
    if (this.#publication.plan === undefined && step <= (this.#beginning?.existing?.lastStep ?? -1)) {
      this.#before += 1;
      return;
    }
    await sink.history(values, { step, timestamp: this.#timestamp });
  }

  /** Looks at what the server holds and decides how to go on; without an answer, everything goes to the offline file. */
  async #begin(): Promise<Beginning> {
    const { id, client } = this.#publication;
    if (client !== undefined) {
      try {
        return await this.#beginOnline(client);
      } catch (error) {
        if (!(error instanceof UndeliveredError)) throw error;
        this.#remarks.push(error.message);
      }
    }
    return { id, existing: null, resume: "allow", rows: 0, lines: 0, offline: true };
  }

  async #beginOnline(client: WandbClient): Promise<Beginning> {
    const { id, plan, project, override, entity } = this.#publication;
    const fresh: Beginning = { id, existing: null, resume: "allow", rows: 0, lines: 0 };
    const scope = { budget: this.#budget ?? new Budget(), signal: undefined, requests: 0 };
    const find = (runId: string) =>
      findRun(client, { entity: entity ?? client.settings.entity, project, runId }, scope);
    const existing = await find(id);
    if (existing === undefined) return fresh;
    this.#held = existing.rows;
    const sdk = this.#publication.transport === "sdk";
    if (plan === undefined) {
      if (!sdk || existing.rows === 0) return { ...fresh, existing };
      throw new WandbError(
        `the run ${id} holds ${existing.rows} rows, over which @wandb/sdk would write: use --wandb-client native, which goes on with it, or another --wandb-run-name`,
      );
    }
    // The SDK begins at the first row, so it gets all of them.
    if (!sdk && !override && (await this.#goesOn(plan, existing))) {
      if (existing.rows === 0) return { ...fresh, existing };
      this.#remarks.push(`${existing.rows} rows were there already`);
      // The last one is sent again: the log may have ended in the middle of its update.
      const rows = existing.rows - 1;
      const before = { ...existing, rows, lastStep: stepOfRow(plan, rows - 1) };
      return { ...fresh, existing: before, rows, lines: existing.consoleLines };
    }
    if (plan.rows >= existing.rows) {
      this.#remarks.push(`the rows of the run ${id} are replaced`);
      return { ...fresh, existing, resume: "replace" };
    }
    // Lines can't be removed from a run, so a shorter one gets a name of its own.
    const shorter = `${id}-r2`;
    this.#remarks.push(
      `the run ${id} holds ${existing.rows} rows and this log ${plan.rows}: it is published as ${shorter}`,
    );
    const second = await find(shorter);
    const resume = second === undefined ? "allow" : "replace";
    return { ...fresh, id: shorter, existing: second ?? null, resume };
  }

  /** Whether the rows of the run are the first rows of this log: as far as their number and the last of them tell. */
  async #goesOn(plan: RunPlan, existing: ExistingRun): Promise<boolean> {
    const { rows, lastStep, lastRow } = existing;
    if (rows > plan.rows || lastStep !== stepOfRow(plan, rows - 1)) return false;
    if (rows === 0) return true;
    const ours = await this.#publication.rowOf?.(lastStep);
    return Object.entries(lastRow).every(
      ([key, value]) =>
        key.startsWith("_") || typeof value === "object" || Object.is(ours?.values[key], value),
    );
  }

  async #start(): Promise<RunSink> {
    if (this.#sink !== undefined) return this.#sink;
    const { client, dir, plan } = this.#publication;
    this.#beginning ??= await this.#begin();
    const { id, existing, resume, offline } = this.#beginning;
    if (client === undefined || this.#budget === undefined || offline) {
      this.#sink = await this.#startOffline(id);
      return this.#sink;
    }
    try {
      if (this.#publication.transport === "sdk") {
        const { settings } = client;
        this.#sink = await SdkSink.start(this.#description(id), { settings, budget: this.#budget });
        return this.#sink;
      }
      this.#sink = await NativeSink.start(this.#description(id), {
        client,
        dir,
        existing,
        resume,
        pacing: plan === undefined ? "live" : "bulk",
        budget: this.#budget,
      });
    } catch (error) {
      if (!(error instanceof UndeliveredError)) throw error;
      this.#remarks.push(error.message);
      this.#sink = await this.#startOffline(id);
    }
    return this.#sink;
  }

  #startOffline(id: string): Promise<OfflineSink> {
    const { dir, baseUrl, plan } = this.#publication;
    // A whole log has its rows from the first on; a training may go on with a run that the server holds.
    const resume = plan === undefined ? "append" : "overwrite";
    return OfflineSink.start(this.#description(id), { dir, baseUrl, resume });
  }

  #description(id: string): RunDescription {
    const { project, entity, group, tags, plan } = this.#publication;
    return {
      id,
      project,
      ...(entity === undefined ? {} : { entity }),
      ...(group === undefined ? {} : { group }),
      tags,
      config: this.#config(),
      ...(plan?.startedAt === undefined ? {} : { startedAt: plan.startedAt / 1000 }),
    };
  }

  #config(): JsonObject {
    const { plan, extraConfig } = this.#publication;
    return plan === undefined
      ? runConfig(this.#segments, -1, extraConfig)
      : runConfig(plan.segments, plan.lastSegment, extraConfig);
  }

  #describe(outcome: RunOutcome): PublisherOutcome {
    const { rows, url, spool, problems, complete, requests } = outcome;
    const { client } = this.#publication;
    const lost = client !== undefined && (!complete || this.#sink instanceof OfflineSink);
    // What the SDK loses is in no file.
    const missing = this.#sink instanceof SdkSink ? this.#row - rows.acknowledged : rows.spooled;
    const notes = [...this.#remarks];
    if (client !== undefined) notes.push(`${rows.acknowledged} of ${rows.sent} rows sent were acknowledged`);
    const repeated = (this.#rows?.repeated ?? 0) + this.#before;
    if (repeated > 0) notes.push(`${repeated} records of updates that were sent before are left out`);
    if (this.#leftOut > 0) {
      notes.push(
        `${this.#leftOut} lines of text are not in the console log: the server took none for too long`,
      );
    }
    if (spool !== undefined) {
      notes.push(
        `${rows.spooled} rows are in the offline file; to upload them: marian-tracking sync ${spool}`,
      );
      // The official client appends, so it may only be named where the server holds nothing of the run.
      if (rows.acknowledged === 0 && (this.#beginning?.existing?.rows ?? 0) === 0)
        notes.push(`or: wandb sync ${spool}`);
    }
    notes.push(...problems);
    return {
      outputs: [...(url === undefined ? [] : [url]), ...(spool === undefined ? [] : [spool])],
      notes,
      undelivered: lost ? `${missing} rows did not reach the server` : undefined,
      json: { wandb: { url: url ?? null, ...rows, offline: spool ?? null, requests, repeated, notes } },
    };
  }
}

/** The update of the row with this index, as far as a plan tells: the rows' updates are the different ones, sorted. */
function stepOfRow(plan: RunPlan, index: number): number {
  return index < 0 ? -1 : (plan.steps[index] ?? Number.NaN);
}
