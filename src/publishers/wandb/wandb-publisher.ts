/** Publishes one training run to Weights & Biases. */
import type { TimestampFormat } from "../../parser/timestamp.js";
import { LogLines } from "../../run/log-lines.js";
import type { RunUpdate } from "../../run/run-reader.js";
import type { Segment } from "../../run/segment.js";
import { type StepRow, StepRows } from "../../run/step-rows.js";
import type { PublisherOutcome, UpdatePublisher } from "../update-publisher.js";
import { type Beginning, beginRun } from "./beginning.js";
import { Budget } from "./client/budget.js";
import type { ExistingRun } from "./client/existing-run.js";
import type { JsonObject } from "./format/json.js";
import type { RowTable } from "./format/row-table.js";
import { describeRun, openRun } from "./open-run.js";
import { publisherOutcome } from "./outcome.js";
import type { Preview, TablePreview, WandbPublication } from "./publication.js";
import { DIGEST_KEY, RowDigest } from "./row-digest.js";
import { currentSegment, runConfig } from "./run-config.js";
import type { LogLine, RunSink } from "./run-sink.js";
import { chartsOf, DATASETS, evaluationTables, tableState } from "./run-tables.js";
import { TaskSections } from "./task-sections.js";

/** Milliseconds that are left for delivery when the training has ended, and when a signal has. */
const BUDGET_AFTER_TRAINING = 60_000;
const BUDGET_AFTER_STOP = 8_000;

/** Milliseconds after which a row of a training is shown though more may come for its update. */
const SHOW_AFTER = 3000;

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
  readonly #task: TaskSections;
  #digest: RowDigest | undefined = RowDigest.empty();
  #rows: StepRows | undefined;
  #beginning: Beginning | undefined;
  #sink: RunSink | undefined;
  /** Ends the wait for the time to show open rows. */
  #showing: AbortController | undefined;
  #row = 0;
  #line = 0;
  #timestamp: number | undefined;
  #queued = 0;
  #work: Promise<void> = Promise.resolve();
  #leftOut = 0;
  #before = 0;
  #failure: unknown;
  #interrupted = false;
  readonly #budget: Budget | undefined;
  readonly #hurry = () => this.#budget?.set(BUDGET_AFTER_STOP);

  constructor(publication: WandbPublication, time: TimestampFormat) {
    const { client, plan, budget, stop, taskFiles } = publication;
    this.#publication = publication;
    this.#time = time;
    this.#task = new TaskSections(taskFiles, stop);
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
    const end = update.chunk === undefined;
    let lines = update.chunk === undefined ? this.#lines.finish() : this.#lines.take(update.chunk);
    if (end) rows.push(...this.#rows.finish());
    // A training that is running must not wait for the network. Its rows are few; its text has to stay behind.
    const full = this.#queued > (plan === undefined ? TRAINING_QUEUE : FILE_QUEUE);
    if (full && plan === undefined) {
      this.#leftOut += lines.length;
      lines = [];
    }
    const bytes = lines.length === 0 ? 0 : (update.chunk?.length ?? 0);
    this.#queued += bytes;
    this.#enqueue(async (sink) => {
      this.#queued -= bytes;
      if (update.segments.size > 0 && plan === undefined) this.#configure(sink);
      await this.#send(sink, rows, end);
      await this.#print(sink, lines);
    });
    if (plan === undefined && update.batch.order.length > 0) this.#showSoon();
    if (full && plan !== undefined) await this.#work;
    if (this.#failure !== undefined) throw this.#failure;
  }

  async close(): Promise<PublisherOutcome> {
    const { plan, budget, stop } = this.#publication;
    // A signal has set a shorter one.
    if (plan === undefined && !stop?.aborted) this.#budget?.set(budget ?? BUDGET_AFTER_TRAINING);
    await this.#work;
    this.#task.end();
    if (this.#failure !== undefined) throw this.#failure;
    const sink = await this.#start();
    if (this.#row === 0) await this.#sendTablesAlone(sink);
    if (this.#publication.artifacts !== undefined) {
      await sink.directoryArtifact("logs", "logs", this.#publication.artifacts);
    }
    const outcome = await sink.finish(this.#interrupted ? 1 : 0);
    this.#unwatch();
    const repeated = (this.#rows?.repeated ?? 0) + this.#before;
    const remarks = [...this.#remarks, ...this.#task.notes];
    if (repeated > 0) remarks.push(`${repeated} records of updates that were sent before are left out`);
    if (this.#leftOut > 0) {
      remarks.push(
        `${this.#leftOut} lines of text are not in the console log: the server took none for too long`,
      );
    }
    return publisherOutcome(outcome, {
      place: this.#publication,
      sink,
      rows: this.#row,
      held: this.#beginning?.held ?? 0,
      remarks,
      figures: { repeated },
    });
  }

  /** Adds a sample of system metrics to the run, if that is open already. */
  systemMetrics(sample: Readonly<Record<string, number>>): void {
    const timestamp = Date.now() / 1000;
    if (this.#sink === undefined) return;
    this.#enqueue(async (sink) => {
      await sink.systemMetrics?.(sample, timestamp);
    });
  }

  /** Notes that the machine is about to be taken away: the run is interrupted, not finished. */
  preempting(): void {
    this.#interrupted = true;
    this.#enqueue((sink) => {
      void sink.preempting?.();
    });
  }

  /** What `publish` and `close` would do with this log; asks the server and changes nothing. */
  async preview(): Promise<Preview> {
    const { plan, project, group } = this.#publication;
    const all = this.#tables();
    const beginning = await this.#begin(all);
    const { id, replaced, rows, held, existing, tables, remarks } = beginning;
    this.#unwatch();
    const sent = new Set(tables.map(({ name }) => name));
    const states = all.map((table): TablePreview => {
      const state = tableState(existing, table);
      return { name: table.name, state: sent.has(table.name) && state === "unchanged" ? "new" : state };
    });
    const counted = this.#counts(beginning) ? "new" : "unchanged";
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
      notes: [...remarks, ...this.#task.notes],
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
    this.#showing?.abort();
    this.#task.end();
    this.#publication.stop?.removeEventListener("abort", this.#hurry);
  }

  #tables(): RowTable[] {
    return evaluationTables(this.#publication.evaluations ?? []);
  }

  /** One piece of work after the other; after a failure, none. */
  #enqueue(work: (sink: RunSink) => Promise<void> | void): void {
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
    void clock.sleep(SHOW_AFTER, "open-row", ending.signal).then(() => {
      this.#showing = undefined;
      if (!ending.signal.aborted) this.#enqueue((sink) => this.#show(sink));
    });
  }

  #show(sink: RunSink): void {
    const held = this.#beginning?.existing?.lastStep ?? -1;
    const rows = (this.#rows?.open ?? []).filter(({ step }) => step > held);
    sink.show?.(
      rows.map(({ step, timestamp, values }) => ({
        values,
        position: { step, timestamp: timestamp === undefined ? this.#now() : timestamp / 1000 },
      })),
    );
  }

  async #send(sink: RunSink, rows: readonly StepRow[], end: boolean): Promise<void> {
    if (rows.length === 0) return;
    const { plan } = this.#publication;
    const fresh = plan === undefined ? await this.#notBefore(sink, rows) : rows;
    // The checksum goes first: of too many rows it still tells that those which arrived are right.
    for (const row of fresh) this.#digest?.add(row);
    sink.summary({ [DIGEST_KEY]: this.#digest?.toJson() ?? null });
    for (const [index, row] of fresh.entries()) {
      const last = plan === undefined ? end && index === fresh.length - 1 : this.#row === plan.rows - 1;
      await this.#sendRow(sink, row, last);
    }
  }

  async #sendRow(sink: RunSink, { step, timestamp, values }: StepRow, last: boolean): Promise<void> {
    const { rows = 0, references, tables = [] } = this.#beginning ?? {};
    this.#timestamp = timestamp === undefined ? this.#now() : timestamp / 1000;
    const index = this.#row;
    this.#row += 1;
    if (index < rows) return;
    const whole = this.#publication.plan !== undefined;
    // Of a whole log the tables are in the last row; of a training they come when they are known.
    const datasets = whole && !last ? undefined : await this.#task.table(whole);
    const all = [...(last ? tables : []), ...(datasets === undefined ? [] : [datasets])];
    const again = index === references?.row ? { ...values, ...references.values } : values;
    await sink.history(again, { step, timestamp: this.#timestamp }, all);
  }

  /** Of a training that goes on, without the updates that were sent in an earlier run of the program. */
  async #notBefore(sink: RunSink, rows: readonly StepRow[]): Promise<StepRow[]> {
    const existing = this.#beginning?.existing;
    const lastStep = existing?.lastStep ?? -1;
    for (const { step, values } of rows) {
      if (step > lastStep) break;
      // The earlier run may have ended before the validation of its last update.
      const held = existing?.lastRow ?? {};
      if (step < lastStep || Object.keys(values).every((key) => key in held)) {
        this.#before += 1;
        continue;
      }
      await sink.completeLastRow?.(values);
      this.#digest?.replaceLast({ step, values: { ...values, ...scalars(held) } });
    }
    return rows.filter(({ step }) => step > lastStep);
  }

  /** The tables of a log without rows. */
  async #sendTablesAlone(sink: RunSink): Promise<void> {
    const { existing, tables = [] } = this.#beginning ?? {};
    if (tables.length === 0) return;
    if ((existing?.rows ?? 0) > 0) await sink.completeLastRow?.({}, tables);
    else await sink.history({}, { step: 0, timestamp: this.#now() }, tables);
  }

  async #print(sink: RunSink, lines: readonly LogLine[]): Promise<void> {
    const fresh = lines.slice(Math.max(0, (this.#beginning?.lines ?? 0) - this.#line));
    this.#line += lines.length;
    if (fresh.length > 0)
      await sink.console(fresh.map((line) => ({ timestamp: this.#timestamp, ...line }) as LogLine));
  }

  async #start(): Promise<RunSink> {
    if (this.#sink !== undefined) return this.#sink;
    const { plan } = this.#publication;
    const beginning = await this.#begin(this.#tables());
    this.#beginning = beginning;
    const { id, existing, resume, offline, remarks } = beginning;
    this.#remarks.push(...remarks);
    if (plan === undefined && existing !== null && existing.rows > 0) this.#digest = goOnWith(existing);
    if (plan !== undefined && this.#counts(beginning)) this.#task.count();
    const description = describeRun(this.#publication, {
      id,
      config: this.#config(),
      ...(plan?.startedAt === undefined ? {} : { startedAt: plan.startedAt / 1000 }),
    });
    this.#sink = await openRun(this.#publication, description, {
      budget: offline ? undefined : this.#budget,
      existing,
      resume,
      pacing: plan === undefined ? "live" : "bulk",
      // A whole log has its rows from the first on; a training may go on with a run that the server holds.
      whole: plan !== undefined,
      remark: (text) => this.#remarks.push(text),
    });
    return this.#sink;
  }

  async #begin(tables: readonly RowTable[]): Promise<Beginning> {
    const { plan } = this.#publication;
    if (plan !== undefined) await this.#task.read(this.#segment());
    const later = this.#task.datasetNames.length === 0 ? [] : [DATASETS];
    return beginRun(this.#publication, tables, later, this.#budget);
  }

  /** Whether the datasets are to be counted: not for a run that has their chart. */
  #counts({ existing, resume }: Beginning): boolean {
    return resume === "replace" || chartsOf(existing)[DATASETS] === undefined;
  }

  /** What became known of a running training. */
  #configure(sink: RunSink): void {
    sink.updateConfig(this.#config());
    // Files are read beside everything else; what they say follows when it is known.
    void this.#task.read(this.#segment()).then((known) => {
      if (!known) return;
      if (this.#beginning !== undefined && this.#counts(this.#beginning)) this.#task.count();
      this.#enqueue((open) => open.updateConfig(this.#config()));
    });
  }

  #segment(): Segment | undefined {
    const { plan } = this.#publication;
    return plan === undefined
      ? currentSegment(this.#segments, -1)
      : currentSegment(plan.segments, plan.lastSegment);
  }

  #config(): JsonObject {
    const { plan, extraConfig } = this.#publication;
    const stored = this.#beginning?.resume === "allow" ? this.#beginning.existing?.config : {};
    return plan === undefined
      ? runConfig(this.#segments, -1, this.#task.sections, stored, extraConfig)
      : runConfig(plan.segments, plan.lastSegment, this.#task.sections, stored, extraConfig);
  }

  #now(): number {
    return this.#timestamp ?? Date.now() / 1000;
  }
}

/** The checksum of a run that a training goes on with; undefined where the run has none. */
function goOnWith({ lastStep: step, lastRow, rows, summary }: ExistingRun): RowDigest | undefined {
  return RowDigest.of(summary, rows, { step, values: scalars(lastRow) });
}

/** What a row of the server holds of the log: neither its times nor its tables. */
function scalars(row: Readonly<Record<string, unknown>>): JsonObject {
  const values = Object.entries(row).filter(
    ([key, value]) => !key.startsWith("_") && typeof value !== "object",
  );
  return Object.fromEntries(values) as JsonObject;
}
