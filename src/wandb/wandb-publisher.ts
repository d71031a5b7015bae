/** Publishes one training run to Weights & Biases. */
import { setTimeout as delay } from "node:timers/promises";
import { BUDGET_AFTER_STOP, Budget } from "../http/index.js";
import { nodeCore } from "../node-core.js";
import type { Note, PublisherOutcome, UpdatePublisher } from "../publishers/update-publisher.js";
import { LogLines } from "../run/log-lines.js";
import type { RunUpdate } from "../run/run-reader.js";
import { currentSegment, type Segment } from "../run/segment.js";
import { StepRows } from "../run/step-rows.js";
import type { JsonObject } from "./client/format/json.js";
import type { RowTable } from "./client/format/row-table.js";
import { publisherOutcome } from "./outcome.js";
import type { Preview, TablePreview, WandbPublication } from "./publication.js";
import { planResume, type ResumePlan } from "./resume-plan.js";
import { RowSender } from "./row-sender.js";
import { runConfig } from "./run-config.js";
import { chartsOf, DATASETS, evaluationTables, tableState } from "./run-tables.js";
import { TaskSections } from "./task-sections.js";
import { describeRun, openRun } from "./transports/open-run.js";
import type { Transport } from "./transports/transport.js";

/** Milliseconds that are left for delivery when the training has ended. */
const BUDGET_AFTER_TRAINING = 60_000;

/** Milliseconds after which a row of a training is shown though more may come for its update. */
const SHOW_AFTER = 3000;

/** Milliseconds that the files of a training task still have when its log has ended. */
const LAST_READING = 2000;

/** Bytes of a running log whose rows and text may wait; what gives them has to wait then. */
const MAX_QUEUED = 256e3;

/** Restarts from which on the configuration follows them with a delay. */
const MANY_RESTARTS = 64;

/** Bytes of a log that become lines of text at once. */
const TEXT_CHUNK = 64 * 1024;

/** A publisher of one run. It begins with the first update, and its network never delays the reading of a batch. */
export class WandbPublisher implements UpdatePublisher {
  readonly name = "W&B";
  readonly #publication: WandbPublication;
  readonly #segments: Segment[] = [];
  readonly #notes: Note[] = [];
  readonly #task: TaskSections;
  #rows: StepRows | undefined;
  #lines: LogLines | undefined;
  #resumePlan: ResumePlan | undefined;
  #sender: RowSender | undefined;
  /** Ends the wait for the time to show open rows. */
  #showing: AbortController | undefined;
  /** The files of the training task. */
  #reading: Promise<void> = Promise.resolve();
  #queued = 0;
  /** Restarts that the configuration on its way holds. */
  #configured = 0;
  #work: Promise<void> = Promise.resolve();
  #failure: unknown;
  #interrupted = false;
  readonly #budget: Budget | undefined;
  #closing = false;
  readonly #hurry = () => {
    // A training may go on after a signal, and what it says then is still delivered.
    if (this.#publication.plan === undefined && !this.#closing) this.#budget?.set(BUDGET_AFTER_STOP);
    else this.#budget?.endWithin(BUDGET_AFTER_STOP);
  };

  constructor(publication: WandbPublication) {
    const { client, plan, budget, stop, taskFiles } = publication;
    this.#publication = publication;
    this.#task = new TaskSections(taskFiles, stop);
    if (client === undefined) return;
    const patience = plan === undefined ? Number.POSITIVE_INFINITY : budget;
    this.#budget = new Budget(patience, client.http.clock);
    if (stop?.aborted) this.#hurry();
    else stop?.addEventListener("abort", this.#hurry, { once: true });
  }

  async publish(update: RunUpdate): Promise<void> {
    const { plan } = this.#publication;
    this.#rows ??= new StepRows(update.batch.time, plan);
    this.#segments.push(...update.segments.values());
    if (this.#lines === undefined) {
      this.#lines = new LogLines(nodeCore(), update.batch.time);
      this.#lines.startSegments(plan?.segments ?? []);
    }
    if (plan === undefined) await this.#publishLive(update, this.#rows, this.#lines);
    else await this.#publishWhole(update, this.#rows, this.#lines);
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Of a log that can be read as slowly as one likes, only one row and a chunk of the text are in memory. */
  async #publishWhole({ batch, chunk }: RunUpdate, rows: StepRows, lines: LogLines): Promise<void> {
    this.#enqueue(async (sender) => {
      for (const row of rows.each(batch)) await sender.send(row);
      if (chunk === undefined) for (const row of rows.finish()) await sender.send(row);
      for (let at = 0; at < (chunk?.length ?? 0); at += TEXT_CHUNK)
        await sender.print(lines.take(chunk?.subarray(at, at + TEXT_CHUNK) ?? new Uint8Array()));
      if (chunk === undefined) await sender.print(lines.finish());
    });
    await this.#work;
  }

  /**
   * Takes the rows and the text of a training that is running. Whatever reads it must not wait for the network: between
   * the two stands a `BufferedPublisher`.
   */
  async #publishLive({ batch, chunk, segments }: RunUpdate, rows: StepRows, log: LogLines): Promise<void> {
    const final = rows.take(batch);
    if (chunk === undefined) final.push(...rows.finish());
    log.startSegments(segments.values());
    const lines = chunk === undefined ? log.finish() : log.take(chunk);
    const bytes = chunk?.length ?? 0;
    this.#queued += bytes;
    this.#enqueue(async (sender) => {
      if (segments.size > 0) this.#configure(sender.transport);
      await sender.sendLive(final, chunk === undefined);
      await sender.print(lines);
    });
    this.#work = this.#work.then(() => {
      this.#queued -= bytes;
    });
    if (batch.order.length > 0) this.#showSoon();
    if (this.#queued > MAX_QUEUED) await this.#work;
  }

  /** Settles when everything so far, the row of the update under way too, is with the server or in the offline file. */
  async flush(): Promise<void> {
    this.#enqueue(async (sender) => {
      this.#sendConfig(sender.transport);
      sender.show(this.#rows?.open ?? []);
      await sender.transport.flush?.();
    });
    await this.#work;
  }

  /** The log is over, though not all of it may have come here: from now on the server has only so much time. */
  logEnds(): void {
    if (this.#closing) return;
    const { plan, budget, stop } = this.#publication;
    this.#closing = true;
    if (stop?.aborted) this.#hurry();
    else if (plan === undefined) this.#budget?.set(budget ?? BUDGET_AFTER_TRAINING);
  }

  /** Gives the server up: from here on, everything goes to the offline file. */
  giveUp(): void {
    this.#budget?.endWithin(0);
  }

  async close(): Promise<PublisherOutcome> {
    this.logEnds();
    await this.#work;
    await Promise.race([this.#reading, delay(LAST_READING, undefined, { ref: false })]);
    await this.#work;
    this.#task.end();
    if (this.#failure !== undefined) throw this.#failure;
    const sender = await this.#start();
    const { transport } = sender;
    this.#sendConfig(transport);
    await sender.sendTables();
    if (this.#publication.artifacts !== undefined) {
      await transport.run.directoryArtifact("logs", "logs", this.#publication.artifacts);
    }
    return this.#finish(sender, 0);
  }

  /** Adds a sample of system metrics to the run, which begins with it if need be. */
  systemMetrics(sample: Readonly<Record<string, number>>): void {
    const timestamp = Date.now() / 1000;
    this.#enqueue(async ({ transport }) => {
      await transport.run.systemMetrics?.(sample, timestamp);
    });
  }

  /**
   * Notes that the run is interrupted, not finished.
   *
   * @param preempting Whether the machine is about to be taken away, which the server is told at once.
   */
  interrupt(preempting: boolean): void {
    this.#interrupted = true;
    if (!preempting) return;
    this.#enqueue(({ transport }) => {
      void transport.run.preempting?.();
    });
  }

  /** What `publish` and `close` would do with this log; asks the server and changes nothing. */
  async preview(): Promise<Preview> {
    const { plan, project, group } = this.#publication;
    const all = this.#tables();
    const resumePlan = await this.#begin(all);
    const { id, replaced, rows, held, existing, tables, notes } = resumePlan;
    this.#unwatch();
    const sent = new Set(tables.map(({ name }) => name));
    const states = all.map((table): TablePreview => {
      const state = tableState(existing, table);
      return { name: table.name, state: sent.has(table.name) && state === "unchanged" ? "new" : state };
    });
    const counted = this.#counts(resumePlan) ? "new" : "unchanged";
    if (this.#task.datasetNames.length > 0) states.push({ name: DATASETS, state: counted });
    return {
      id,
      project,
      group: group ?? null,
      rows: plan?.rows ?? 0,
      held,
      sent: Math.max(0, (plan?.rows ?? 0) - rows),
      replaced,
      tables: states,
      notes: [...notes.map(({ text }) => text), ...this.#task.notes],
    };
  }

  async discard(): Promise<void> {
    await this.keep();
  }

  /** What was sent stays: rows that arrived are right, and the next publication continues after them. */
  async keep(): Promise<PublisherOutcome> {
    await this.#work;
    if (this.#sender !== undefined) return this.#finish(this.#sender, 1);
    this.#unwatch();
    return { outputs: [] };
  }

  async #finish(sender: RowSender, exitCode: number): Promise<PublisherOutcome> {
    const { transport } = sender;
    const outcome = await transport.finish(this.#exitCode(exitCode));
    this.#unwatch();
    const repeated = (this.#rows?.repeated ?? 0) + sender.before;
    const texts = [...this.#task.notes];
    if (repeated > 0) texts.push(`${repeated} records of updates that were sent before are left out`);
    return publisherOutcome(outcome, {
      place: this.#publication,
      transport,
      rows: sender.rows,
      held: this.#resumePlan?.held ?? 0,
      notes: [...this.#notes, ...texts.map((text) => ({ text }))],
      figures: { repeated },
    });
  }

  /** What W&B is told of the run's end; `otherwise` where nobody knows how the training stands. */
  #exitCode(otherwise: number): number | null {
    if (this.#interrupted) return 1;
    const state = this.#publication.trainingState?.();
    if (state === undefined) return otherwise;
    return state === "running" ? null : state === "finished" ? 0 : 1;
  }

  /** The signal of a command outlives its runs, and would hold on to each of them. */
  #unwatch(): void {
    this.#showing?.abort();
    this.#task.end();
    this.#publication.stop?.removeEventListener("abort", this.#hurry);
  }

  #tables(): RowTable[] {
    return evaluationTables(this.#publication.evaluations ?? []);
  }

  /** Does one thing after the other; after a failure, nothing. */
  #enqueue(work: (sender: RowSender) => Promise<void> | void): void {
    this.#work = this.#work.then(async () => {
      if (this.#failure !== undefined) return;
      try {
        await work(await this.#start());
      } catch (error) {
        this.#failure = error;
      }
    });
  }

  /** A measurement is not to wait until the next update tells that its row is whole. */
  #showSoon(): void {
    const clock = this.#publication.client?.http.clock;
    if (clock === undefined || this.#showing !== undefined) return;
    const ending = new AbortController();
    this.#showing = ending;
    void clock.sleep(SHOW_AFTER, ending.signal, "open-row").then(() => {
      this.#showing = undefined;
      if (!ending.signal.aborted) this.#enqueue((sender) => sender.show(this.#rows?.open ?? []));
    });
  }

  async #start(): Promise<RowSender> {
    if (this.#sender !== undefined) return this.#sender;
    const { plan, folder } = this.#publication;
    const resumePlan = await this.#begin(this.#tables());
    this.#resumePlan = resumePlan;
    const { id, existing, resume, offline, notes } = resumePlan;
    this.#notes.push(...notes);
    if (plan !== undefined && this.#counts(resumePlan)) this.#task.count();
    const description = describeRun(this.#publication, {
      id,
      config: this.#config(),
      ...(plan?.startedAt === undefined ? {} : { startedAt: plan.startedAt / 1000 }),
      ...(folder === undefined ? {} : { folder }),
    });
    const transport = await openRun(this.#publication, description, {
      budget: offline ? undefined : this.#budget,
      existing,
      resume,
      pacing: plan === undefined ? "live" : "bulk",
      // A whole log has its rows from the first on; a training may go on with a run that the server holds.
      whole: plan !== undefined,
      note: (text) => this.#notes.push({ text }),
    });
    this.#sender = new RowSender(transport, resumePlan, plan, this.#task);
    return this.#sender;
  }

  async #begin(tables: readonly RowTable[]): Promise<ResumePlan> {
    const { plan } = this.#publication;
    if (plan !== undefined) await this.#task.read(this.#segment());
    const later = this.#task.datasetNames.length === 0 ? [] : [DATASETS];
    return planResume(this.#publication, tables, later, this.#budget);
  }

  /** Whether the datasets are to be counted: not for a run that has their chart. */
  #counts({ existing, resume }: ResumePlan): boolean {
    return resume === "replace" || chartsOf(existing)[DATASETS] === undefined;
  }

  /** What became known of a running training. */
  #configure(transport: Transport): void {
    // It holds every restart, so with hundreds of them it is not sent for each.
    if (this.#segments.length < 1.1 * this.#configured && this.#configured >= MANY_RESTARTS) return;
    this.#sendConfig(transport);
    // Files are read in parallel; their content follows when it is known.
    this.#reading = this.#task.read(this.#segment()).then((known) => {
      if (!known) return;
      if (this.#resumePlan !== undefined && this.#counts(this.#resumePlan)) this.#task.count();
      this.#enqueue(({ transport: open }) => open.run.updateConfig(this.#config()));
    });
  }

  /** Sends the configuration, unless it has been sent since the last restart. */
  #sendConfig(transport: Transport): void {
    if (this.#publication.plan !== undefined || this.#configured === this.#segments.length) return;
    this.#configured = this.#segments.length;
    transport.run.updateConfig(this.#config());
  }

  #segment(): Segment | undefined {
    const { plan } = this.#publication;
    return plan === undefined
      ? currentSegment(this.#segments, -1)
      : currentSegment(plan.segments, plan.lastSegment);
  }

  #config(): JsonObject {
    const { plan, extraConfig } = this.#publication;
    const stored = this.#resumePlan?.resume === "allow" ? this.#resumePlan.existing?.config : {};
    return plan === undefined
      ? runConfig(this.#segments, -1, this.#task.sections, stored, extraConfig)
      : runConfig(plan.segments, plan.lastSegment, this.#task.sections, stored, extraConfig);
  }
}
