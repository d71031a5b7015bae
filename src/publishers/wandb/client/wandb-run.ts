import { stat } from "node:fs/promises";
import { cpus, hostname, release, totalmem, type } from "node:os";
import {
  type ArtifactSpec,
  directoryEntries,
  memoryEntry,
  newClientId,
  type PublishedArtifact,
  publishArtifact,
} from "./artifact.js";
import { type BarChart, barChartSpec, chartTableKey } from "./chart.js";
import { type ConsoleLine, ConsoleText, consoleLine } from "./console-text.js";
import { messageOf, StepOrderError, UndeliveredError } from "./errors.js";
import type { ExistingRun } from "./existing-run.js";
import { FileStream, type UndeliveredLines } from "./file-stream.js";
import { type JsonObject, stringifyJsonish } from "./json-ish.js";
import { checkArtifactName, runUrl, tableArtifactName } from "./names.js";
import type { RunReceipt } from "./receipt.js";
import { type FailedFile, type RunAddress, RunFiles } from "./run-files.js";
import { RUN_FILES_AT_END, type RunOptions } from "./run-options.js";
import { RunSummary } from "./run-summary.js";
import { type StartedRun, startRun, updateRunConfig } from "./start-run.js";
import { type TableData, tableFiles, tableReference } from "./table.js";

const HISTORY = "wandb-history.jsonl";
const EVENTS = "wandb-events.jsonl";
const CONSOLE = "output.log";
const WAITING_FILE_BYTES = 8 * 1024 * 1024;

/** Where a row belongs: its step, and its time in seconds since 1970. */
export interface RowPosition {
  readonly step: number;
  readonly timestamp: number;
}

interface PendingRow extends RowPosition {
  values: JsonObject;
}

/**
 * One run on a W&B server. Every method may be called without waiting for the one before; a promise settles when
 * there is room for more, not when the server has answered. `finish` must be called, and tells what arrived.
 */
export class WandbRun {
  readonly #options: RunOptions;
  readonly #started: StartedRun;
  readonly #stream: FileStream;
  readonly #files: RunFiles;
  readonly #summary: RunSummary;
  readonly #console = new ConsoleText();
  readonly #consoleStart: number;
  readonly #artifacts: PublishedArtifact[] = [];
  readonly #failedArtifacts: FailedFile[] = [];
  readonly #warnings: string[] = [];
  #artifactQueue: Promise<void> = Promise.resolve();
  #pending: PendingRow | undefined;
  #lastStep: number;
  #lastTimestamp: number | undefined;
  #startedAt: number | undefined;
  #refused = 0;
  #receipt: Promise<RunReceipt> | undefined;

  private constructor(options: RunOptions, started: StartedRun) {
    const { existing, resumed, address, scope } = started;
    this.#options = options;
    this.#started = started;
    this.#summary = new RunSummary(resumed ? (existing?.summary as JsonObject | undefined) : undefined);
    this.#files = new RunFiles(options.client, scope, address);
    this.#lastStep = resumed && existing !== undefined ? existing.lastStep : -1;
    this.#lastTimestamp = resumed ? existing?.lastTimestamp : undefined;
    this.#startedAt = options.startedAt;
    if (this.#startedAt === undefined && this.#lastTimestamp !== undefined) {
      this.#startedAt = this.#lastTimestamp - (existing?.runtime ?? 0);
    }
    this.#consoleStart = resumed ? (existing?.consoleLines ?? 0) : 0;
    this.#stream = new FileStream({
      client: options.client,
      scope,
      entity: address.entity,
      project: address.project,
      runId: address.runId,
      offsets: {
        [HISTORY]: resumed ? (existing?.rows ?? 0) : 0,
        [EVENTS]: resumed ? (existing?.events ?? 0) : 0,
        [CONSOLE]: this.#consoleStart,
      },
      pacing: options.pacing ?? "bulk",
      gzip: started.gzip,
      requestBytes: options.requestBytes,
      bufferBytes: options.bufferBytes,
      summary: () => this.#summary.toJson(),
      beforeBatch: () => this.#beforeBatch(),
      onStopped: options.onStopped,
      onLineTooLong: (file, bytes) =>
        this.#warn(`a line of ${file} has ${bytes} bytes, more than W&B takes; it was not sent`),
      onUndelivered: options.onUndelivered,
    });
  }

  /**
   * Creates the run on the server, or takes up the one that is there. Throws an InvalidNameError, RunExistsError,
   * DeletedRunError, AuthenticationError, GraphqlError or UndeliveredError, each a sentence for the user.
   */
  static async start(options: RunOptions): Promise<WandbRun> {
    return new WandbRun(options, await startRun(options));
  }

  /** Address of the run's page. */
  get url(): string {
    const { entity, project, runId } = this.#started.address;
    return runUrl(this.#options.client.settings.uiUrl, entity, project, runId);
  }

  /** Entity, project and id as the server has them. */
  get address(): RunAddress {
    return this.#started.address;
  }

  /** The run that was there before this start, also when it is replaced; undefined when there was none. */
  get existing(): ExistingRun | undefined {
    return this.#started.existing;
  }

  /** Whether the run goes on behind the rows of `existing`. */
  get resumed(): boolean {
    return this.#started.resumed;
  }

  /** Greatest step so far, on the server or given; -1 when there is none. The next row's must be greater. */
  get lastStep(): number {
    return this.#lastStep;
  }

  /** Why rows no longer reach the server; undefined while they do. */
  get failure(): Error | undefined {
    return this.#stream.failure;
  }

  /**
   * Adds a row. Steps must rise; a row whose step doesn't is refused with a StepOrderError (or `onRefusedStep`) and
   * counted. A row is closed by the next one, so that a table that comes without a step can still join it.
   */
  async history(values: JsonObject, position: RowPosition): Promise<void> {
    if (!(position.step > this.#lastStep)) {
      this.#refused += 1;
      const error = new StepOrderError(position.step, this.#lastStep);
      if (this.#options.onRefusedStep === undefined) throw error;
      this.#options.onRefusedStep(error);
      return;
    }
    const room = this.#closeRow();
    this.#openRow({ ...position, values });
    if (this.#options.pacing === "live") this.#stream.poke();
    await room;
  }

  /** Sets values of the summary by hand; rows set theirs by themselves. */
  summary(values: JsonObject): void {
    this.#summary.put(values);
    this.#stream.touchSummary();
  }

  /**
   * Adds a table to the open row (or to a row of its own behind the last one), to the summary, to the run's files
   * and, unless that is switched off, as a `run_table` artifact.
   */
  async table(key: string, table: TableData): Promise<void> {
    const row = this.#pending ?? this.#nextRow();
    const files = tableFiles(key, row.step, table);
    if (files.nonFiniteCells > 0) {
      this.#warn(
        `${files.nonFiniteCells} cells of the table ${key} are not finite; W&B tables have no such cells`,
      );
    }
    const clientId = newClientId();
    const sequenceClientId = newClientId();
    row.values = { ...row.values, [key]: tableReference(files, table, clientId, sequenceClientId) };
    if (this.#pending === undefined) this.#openRow(row);
    else this.#summary.put(row.values);
    await this.#closeRow();
    await this.file(files.path, files.bytes);
    if (this.#options.tableArtifacts === false) return;
    this.#queueArtifact({
      name: tableArtifactName(this.#started.address.runId, key),
      type: "run_table",
      entries: [memoryEntry(files.artifactFile, files.artifactBytes)],
      step: row.step,
      clientId,
      sequenceClientId,
    });
  }

  /** Adds a bar chart: a table under `<key>_table`, and the chart's description in the configuration. */
  async barChart(key: string, table: TableData, chart: BarChart): Promise<void> {
    this.#started.config.visualize(key, barChartSpec(key, chart));
    await this.table(chartTableKey(key), table);
  }

  /** Publishes a directory as an artifact. A failure is in the receipt, not in the promise. */
  async directoryArtifact(name: string, artifactType: string, directory: string): Promise<void> {
    checkArtifactName(name);
    const step = this.#lastStep < 0 ? undefined : this.#lastStep;
    await this.#attempt(name, async () => {
      const entries = await directoryEntries(directory);
      const ids = { clientId: newClientId(), sequenceClientId: newClientId() };
      this.#queueArtifact({ name, type: artifactType, entries, step, ...ids });
    });
  }

  /** Adds a run file: bytes, or the path of a file that stays as it is until the run has finished. */
  async file(name: string, content: Buffer | string): Promise<void> {
    if (typeof content !== "string") this.#files.add(name, content);
    else this.#files.add(name, { path: content, size: (await stat(content)).size });
    // Files of a live run are wanted at once; in bulk they share one request as long as memory allows.
    if (this.#options.pacing === "live" || this.#files.waitingBytes > WAITING_FILE_BYTES)
      await this.#uploadFiles();
  }

  /** Adds lines to the run's console log. */
  async console(lines: readonly ConsoleLine[]): Promise<void> {
    const now = this.#now();
    await this.#console.add(lines);
    await this.#stream.push(
      CONSOLE,
      lines.map((line) => consoleLine(line, now)),
    );
  }

  /** Adds a sample of system metrics; names get `system.` in front. `timestamp` is in seconds since 1970. */
  async systemMetrics(
    sample: Readonly<Record<string, number>>,
    timestamp: number = this.#now(),
  ): Promise<void> {
    const values = Object.fromEntries(
      Object.entries(sample).map(([name, value]) => [
        name.startsWith("system.") ? name : `system.${name}`,
        value,
      ]),
    );
    const runtime = this.#runtime(timestamp);
    const line = stringifyJsonish({ _wandb: true, _runtime: runtime, _timestamp: timestamp, ...values });
    await this.#stream.push(EVENTS, [line]);
  }

  /** Sets values of the configuration. They are sent with the next batch of a live run, else at the end. */
  updateConfig(values: JsonObject): void {
    this.#started.config.update(values);
    if (this.#options.pacing === "live") this.#stream.poke();
  }

  /** Tells the server, at once, that the machine is about to be taken away. */
  async preempting(): Promise<void> {
    await this.#stream.preempting();
  }

  /** Closes the open row and settles when everything so far is acknowledged or has failed. */
  async flush(): Promise<void> {
    await this.#closeRow();
    await this.#uploadFiles();
    await this.#artifactQueue;
    await this.#stream.flush();
  }

  /** Lines that could not be delivered, when there is no `onUndelivered`. */
  takeUndelivered(): readonly UndeliveredLines[] {
    return this.#stream.takeUndelivered();
  }

  /**
   * Ends the run: artifacts, configuration, files, then the last rows with the exit code. Never rejects because of the
   * server; the receipt says what didn't arrive. A second call gives the same receipt.
   */
  finish(exitCode = 0): Promise<RunReceipt> {
    this.#receipt ??= this.#finish(exitCode);
    return this.#receipt;
  }

  async #finish(exitCode: number): Promise<RunReceipt> {
    await this.#closeRow();
    this.#afterFailure(this.#stream.failure);
    await this.#artifactQueue;
    await this.#sendConfig();
    await this.#addFilesAtEnd();
    await this.#uploadFiles();
    this.#stream.touchSummary();
    await this.#stream.complete(exitCode);
    await this.#console.dispose();
    return this.#makeReceipt();
  }

  #makeReceipt(): RunReceipt {
    const { failure } = this.#stream;
    const rows = { ...this.#stream.counts(HISTORY), refused: this.#refused };
    const events = this.#stream.counts(EVENTS);
    const consoleLines = this.#stream.counts(CONSOLE);
    const lines = [rows, events, consoleLines];
    const whole = lines.every((counts) => counts.undelivered === 0 && counts.tooLong === 0);
    const failures = this.#files.failed.length + this.#failedArtifacts.length;
    return Object.freeze({
      id: this.#started.address.runId,
      url: this.url,
      complete:
        this.#stream.completed &&
        whole &&
        failures === 0 &&
        this.#refused === 0 &&
        !this.#started.config.changed,
      rows,
      events,
      consoleLines,
      files: [...this.#files.uploaded],
      failedFiles: [...this.#files.failed],
      artifacts: [...this.#artifacts],
      failedArtifacts: [...this.#failedArtifacts],
      failure: failure === undefined ? undefined : messageOf(failure),
      warnings: [...this.#warnings],
      requests: this.#started.scope.requests,
    });
  }

  #openRow(row: PendingRow): void {
    this.#pending = row;
    this.#lastStep = row.step;
    this.#lastTimestamp = row.timestamp;
    this.#startedAt ??= row.timestamp;
    this.#summary.put(row.values);
  }

  /** A row behind the last one, for what comes without a step. */
  #nextRow(): PendingRow {
    const timestamp = this.#lastTimestamp ?? this.#startedAt ?? this.#now();
    return { step: Math.floor(this.#lastStep) + 1, timestamp, values: {} };
  }

  async #closeRow(): Promise<void> {
    const row = this.#pending;
    this.#pending = undefined;
    if (row === undefined || Object.keys(row.values).length === 0) return;
    const marks = { _step: row.step, _runtime: this.#runtime(row.timestamp), _timestamp: row.timestamp };
    this.#summary.put(marks);
    this.#stream.touchSummary();
    await this.#stream.push(HISTORY, [stringifyJsonish({ ...row.values, ...marks })]);
  }

  /** Seconds since the run's start, to the microsecond. */
  #runtime(timestamp: number): number {
    return Math.max(0, Math.round((timestamp - (this.#startedAt ?? timestamp)) * 1e6) / 1e6);
  }

  #now(): number {
    return this.#options.client.http.clock.now() / 1000;
  }

  async #beforeBatch(): Promise<void> {
    if (this.#options.pacing !== "live") return;
    // No waiting for room here: the stream that would make it is the one that asks.
    void this.#closeRow();
    await this.#sendConfig();
  }

  async #sendConfig(): Promise<void> {
    try {
      await updateRunConfig(this.#options, this.#started);
    } catch (error) {
      this.#afterFailure(error);
      this.#warn(`the configuration was not updated: ${messageOf(error)}`);
    }
  }

  async #addFilesAtEnd(): Promise<void> {
    const names = RUN_FILES_AT_END;
    const { config, resumed } = this.#started;
    this.#files.add(names.config, Buffer.from(config.toYaml()));
    this.#files.add(names.summary, Buffer.from(this.#summary.toJson()));
    if (!resumed) this.#files.add(names.metadata, Buffer.from(stringifyJsonish(this.#metadata())));
    if (this.#console.empty) return;
    // The lines of a resumed run are only its later part, which must not replace the file with the earlier one.
    const name = this.#consoleStart === 0 ? names.console : `logs/output_${this.#consoleStart}.log`;
    this.#files.add(name, await this.#console.source());
  }

  #metadata(): JsonObject {
    const { options, startedAt } = { options: this.#options, startedAt: this.#startedAt ?? this.#now() };
    return {
      os: `${type()}-${release()}`,
      nodejs: process.version,
      startedAt: new Date(startedAt * 1000).toISOString(),
      program: options.program ?? options.client.version,
      host: options.host ?? hostname(),
      cpu_count: cpus().length,
      cpu_count_logical: cpus().length,
      memory: { total: String(totalmem()) },
    };
  }

  async #uploadFiles(): Promise<void> {
    const failedBefore = this.#files.failed.length;
    this.#stream.uploaded(await this.#files.upload());
    if (this.#files.gaveUp) this.#giveUpSoon();
    for (const failed of this.#files.failed.slice(failedBefore)) {
      this.#warn(`the file ${failed.name} was not uploaded: ${failed.reason}`);
    }
  }

  #queueArtifact(spec: ArtifactSpec): void {
    this.#artifactQueue = this.#artifactQueue.then(() =>
      this.#attempt(spec.name, async () => {
        const { address, scope } = this.#started;
        this.#artifacts.push(await publishArtifact(this.#options.client, scope, address, spec));
      }),
    );
  }

  async #attempt(name: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#afterFailure(error);
      this.#failedArtifacts.push({ name, reason: messageOf(error) });
      this.#warn(`the artifact ${name} was not published: ${messageOf(error)}`);
    }
  }

  /** When the budget is used up once, what is left gets one try each rather than a budget each. */
  #afterFailure(error: unknown): void {
    if (error instanceof UndeliveredError) this.#giveUpSoon();
  }

  #giveUpSoon(): void {
    this.#started.scope.budget.set(0);
  }

  #warn(message: string): void {
    this.#warnings.push(message);
    this.#options.onWarning?.(message);
  }
}
