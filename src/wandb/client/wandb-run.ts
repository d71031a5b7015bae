import { stat } from "node:fs/promises";
import {
  type ArtifactSpec,
  directoryEntries,
  memoryEntry,
  type PublishedArtifact,
  publishArtifact,
} from "./artifact.js";
import { ConsoleText } from "./console-text.js";
import { isWandbError, messageOf } from "./errors.js";
import { type ExistingRun, findRun } from "./existing-run.js";
import { FileStream } from "./file-stream.js";
import { newClientId } from "./format/artifact.js";
import { writeConsoleLine } from "./format/console-line.js";
import { type JsonObject, stringifyJson } from "./format/json.js";
import { checkArtifactName, runUrl, tableArtifactName } from "./format/names.js";
import { type RowTable, type StoredTable, storedTable } from "./format/row-table.js";
import { machineMetadata, runMetadata } from "./machine.js";
import type { RunReceipt, RunWarning } from "./receipt.js";
import type { RunAddress } from "./run-address.js";
import { type FailedFile, RunFiles } from "./run-files.js";
import { RUN_FILES_AT_END, type RunOptions } from "./run-options.js";
import { RunSummary } from "./run-summary.js";
import { type StartedRun, startRun, updateRunConfig } from "./start-run.js";

const HISTORY = "wandb-history.jsonl";
const EVENTS = "wandb-events.jsonl";
const CONSOLE = "output.log";
/** Where the files of tables are. */
const TABLES = "media/table/";
const WAITING_FILE_BYTES = 8 * 1024 * 1024;

/** Where a row belongs: its step, and its time in seconds since 1970. */
export interface RowPosition {
  readonly step: number;
  readonly timestamp: number;
}

/** A row and its place. */
export interface PositionedRow {
  readonly values: JsonObject;
  readonly position: RowPosition;
}

/** A position whose seconds since the start may be known already. */
interface MarkedPosition extends RowPosition {
  readonly runtime?: number | undefined;
}

/** A line of the console log. Without a time it gets the present one, offline that of the last row. */
export interface RunLine {
  readonly text: string;
  /** Seconds since 1970. */
  readonly timestamp?: number | undefined;
  readonly error?: boolean | undefined;
}

/**
 * One run on a W&B server. Every method may be called without waiting for the one before; a promise settles when
 * there is room for more, not when the server has answered. `finish` must be called, and tells what arrived.
 */
export class WandbRun {
  readonly #options: RunOptions;
  readonly #started: StartedRun;
  #summaryOf: (rows: number) => JsonObject = () => ({});
  readonly #stream: FileStream;
  readonly #files: RunFiles;
  readonly #summary: RunSummary;
  readonly #console: ConsoleText;
  readonly #consoleStart: number;
  /** Lines in the text of the console log that the server held at the start. */
  #heldLines = 0;
  readonly #artifacts: PublishedArtifact[] = [];
  readonly #failedArtifacts: FailedFile[] = [];
  readonly #failedTables: StoredTable[] = [];
  /** Files that arrived and were not yet reported, and tables of such files. */
  readonly #unreportedFiles = new Set<string>();
  #unreportedTables: StoredTable[] = [];
  readonly #warnings: RunWarning[] = [];
  #artifactQueue: Promise<void> = Promise.resolve();
  #lastStep: number;
  #startedAt: number | undefined;
  #refused = 0;
  #set: RunReceipt["set"] = { config: {}, summary: {} };
  #receipt: Promise<RunReceipt> | undefined;

  private constructor(options: RunOptions, started: StartedRun) {
    const { existing, resumed, address, scope } = started;
    this.#options = options;
    this.#console = new ConsoleText(options.client);
    this.#started = started;
    this.#summary = new RunSummary(resumed ? (existing?.summary as JsonObject | undefined) : undefined);
    this.#files = new RunFiles(options.client, scope, address);
    this.#lastStep = resumed && existing !== undefined ? existing.lastStep : -1;
    this.#startedAt = options.startedAt;
    if (this.#startedAt === undefined && resumed && existing?.lastTimestamp !== undefined) {
      this.#startedAt = existing.lastTimestamp - existing.runtime;
    }
    this.#consoleStart = resumed ? (existing?.consoleLines ?? 0) : 0;
    this.#stream = new FileStream({
      client: options.client,
      scope,
      ...address,
      offsets: {
        [HISTORY]: resumed ? (existing?.rows ?? 0) : 0,
        [EVENTS]: resumed ? (existing?.events ?? 0) : 0,
        [CONSOLE]: this.#consoleStart,
      },
      pacing: options.pacing ?? "bulk",
      gzip: started.gzip,
      requestBytes: options.requestBytes,
      bufferBytes: options.bufferBytes,
      heldRows: async () => (await findRun(options.client, address, scope))?.rows ?? 0,
      summary: (rows) => this.#summary.toJson(this.#summaryOf(rows)),
      beforeBatch: () => this.#beforeBatch(),
      onLineTooLong: (file, bytes) =>
        this.#warn(`a line of ${file} has ${bytes} bytes, more than W&B takes; it was not sent`),
      onUndelivered: options.onUndelivered,
      onShownUndelivered: options.onShownUndelivered,
    });
  }

  /**
   * Creates the run on the server, or continues the one that is there.
   *
   * @throws WandbError with a sentence for the user.
   */
  static async start(options: RunOptions): Promise<WandbRun> {
    // It is wanted at the end, when there may be little time.
    void machineMetadata();
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

  /** Whether the run continues after the rows of `existing`. */
  get resumed(): boolean {
    return this.#started.resumed;
  }

  /**
   * Adds a row with its tables. Steps must rise; a row whose step doesn't rise is left out, and counted as
   * refused. A row without anything in it is left out. A row with tables has to be awaited before
   * the next one: its tables go first.
   */
  async history(values: JsonObject, position: RowPosition, tables: readonly RowTable[] = []): Promise<void> {
    if (!(position.step > this.#lastStep)) {
      this.#refused += 1;
      return;
    }
    this.#lastStep = position.step;
    await this.#add(values, position, tables);
  }

  /**
   * Shows rows that may still change, in the order of their steps. The next row that is added takes the place of the
   * first of them, so all of them have to be added in the end.
   */
  show(rows: readonly PositionedRow[]): void {
    const lines: string[] = [];
    for (const { values, position } of rows)
      if (position.step > this.#lastStep) lines.push(this.#line(values, position));
    this.#stream.show(lines);
    if (lines.length > 0) this.#stream.touchSummary();
  }

  /**
   * Adds values and tables to the last row that the server held at the start, which is then sent again. What that row
   * has already stays as it is. After new rows, or if the content of that row is unknown, they get a row of their own.
   */
  async completeLastRow(values: JsonObject, tables: readonly RowTable[] = []): Promise<void> {
    const { existing } = this.#started;
    if (!this.resumed || existing === undefined || existing.rows === 0) return;
    const { _step, _timestamp, _runtime, ...held } = existing.lastRow as JsonObject;
    const timestamp = existing.lastTimestamp ?? this.#now();
    if (_step === undefined || this.#stream.counts(HISTORY).pushed > 0) {
      await this.history(values, { step: Math.floor(this.#lastStep) + 1, timestamp }, tables);
      return;
    }
    this.#stream.stepBack();
    const runtime = typeof _runtime === "number" ? _runtime : undefined;
    await this.#add({ ...values, ...held }, { step: existing.lastStep, timestamp, runtime }, tables);
  }

  /** Sets values of the summary by hand; rows set theirs by themselves. */
  summary(values: JsonObject): void {
    this.#set = { ...this.#set, summary: { ...this.#set.summary, ...values } };
    this.#summary.put(values);
    this.#stream.touchSummary();
  }

  /**
   * Has values of the summary asked for with each request: those of a run that has so many rows, with that request. They
   * arrive together with its last row, or not at all.
   */
  summaryOf(values: (rows: number) => JsonObject): void {
    this.#summaryOf = values;
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
  async console(lines: readonly RunLine[]): Promise<void> {
    const now = this.#now();
    await this.#console.add(lines);
    await this.#stream.push(
      CONSOLE,
      lines.map(({ text, timestamp = now, error = false }) => writeConsoleLine({ text, timestamp, error })),
    );
  }

  /**
   * Takes lines that the server held at the start, from the first on: a run that was ended early may lack its file with
   * the log.
   */
  async heldConsole(lines: readonly { readonly text: string }[]): Promise<void> {
    if (!this.#endedEarly) return;
    this.#heldLines += lines.length;
    await this.#console.add(lines);
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
    const line = stringifyJson({ _wandb: true, _runtime: runtime, _timestamp: timestamp, ...values });
    await this.#stream.push(EVENTS, [line]);
  }

  /** Sets values of the configuration. They are sent with the next batch of a live run, else at the end. */
  updateConfig(values: JsonObject): void {
    this.#set = { ...this.#set, config: { ...this.#set.config, ...values } };
    this.#started.config.update(values);
    if (this.#options.pacing === "live") this.#stream.poke();
  }

  /** Tells the server, at once, that the machine is about to be taken away. */
  async preempting(): Promise<void> {
    await this.#stream.preempting();
  }

  /** Settles when everything so far is acknowledged or has failed. */
  async flush(): Promise<void> {
    await this.#uploadFiles();
    await this.#artifactQueue;
    await this.#stream.flush();
  }

  /**
   * Ends the run: artifacts, configuration, files, then the last rows with the exit code. Never rejects because of the
   * server; the receipt says what didn't arrive. A second call gives the same receipt.
   *
   * @param exitCode 0 is finished, everything else failed; null sends none, and the run goes on running for W&B.
   */
  finish(exitCode: number | null = 0): Promise<RunReceipt> {
    this.#receipt ??= this.#finish(exitCode);
    return this.#receipt;
  }

  async #finish(exitCode: number | null): Promise<RunReceipt> {
    this.#afterFailure(this.#stream.failure);
    await this.#artifactQueue;
    await this.#sendConfig();
    await this.#addFilesAtEnd();
    await this.#uploadFiles();
    this.#stream.touchSummary();
    await (exitCode === null ? this.#stream.end() : this.#stream.complete(exitCode));
    await this.#handOverUnreported();
    await this.#console.dispose();
    return this.#makeReceipt(exitCode === null ? this.#stream.failure === undefined : this.#stream.completed);
  }

  #makeReceipt(ended: boolean): RunReceipt {
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
      complete: ended && whole && failures === 0 && this.#refused === 0 && !this.#started.config.changed,
      rows,
      events,
      consoleLines,
      files: [...this.#files.uploaded],
      failedFiles: [...this.#files.failed],
      artifacts: [...this.#artifacts],
      failedArtifacts: [...this.#failedArtifacts],
      failedTables: [...this.#failedTables],
      failure: failure === undefined ? undefined : messageOf(failure),
      warnings: [...this.#warnings],
      set: this.#set,
      requests: this.#started.scope.requests,
    });
  }

  async #add(values: JsonObject, position: MarkedPosition, tables: readonly RowTable[]): Promise<void> {
    const row =
      tables.length === 0 ? values : { ...values, ...(await this.#addTables(tables, position.step)) };
    if (Object.keys(row).length === 0) return;
    const pushed = this.#stream.push(HISTORY, [this.#line(row, position)]);
    this.#stream.touchSummary();
    await pushed;
  }

  /** A row as it is sent; its values get into the summary. */
  #line(values: JsonObject, { step, timestamp, runtime }: MarkedPosition): string {
    this.#startedAt ??= timestamp;
    const marks = { _step: step, _runtime: runtime ?? this.#runtime(timestamp), _timestamp: timestamp };
    this.#summary.put(values);
    this.#summary.put(marks);
    return stringifyJson({ ...values, ...marks });
  }

  /**
   * Tables become files of the run and `run_table` artifacts. Gives the values that refer
   * to those that arrived: a run that names a table has it.
   */
  async #addTables(tables: readonly RowTable[], step: number): Promise<JsonObject> {
    const all = tables.map((table) => storedTable(table, step));
    for (const { key, files } of all) {
      if (files.nonFiniteCells > 0) {
        this.#warn(
          `${files.nonFiniteCells} cells of the table ${key} are not finite; W&B tables have no such cells`,
        );
      }
      this.#files.add(files.path, files.bytes);
    }
    await this.#uploadFiles();
    const arrived = new Set(this.#files.uploaded);
    this.#failedTables.push(...all.filter(({ files }) => !arrived.has(files.path)));
    const stored = all.filter(({ files }) => arrived.has(files.path));
    const unreported = new Set(this.#stream.unreported);
    this.#unreportedTables = [...this.#unreportedTables, ...stored].filter(({ files }) =>
      unreported.has(files.path),
    );
    for (const { name, key, files, ids, chart } of stored) {
      if (chart !== undefined) this.#started.config.visualize(name, chart);
      this.#queueArtifact({
        name: tableArtifactName(this.#started.address.runId, key),
        type: "run_table",
        entries: [memoryEntry(files.artifactFile, files.artifactBytes)],
        step,
        ...ids,
      });
    }
    return Object.fromEntries(stored.map(({ key, reference }) => [key, reference]));
  }

  /** Seconds since the run's start, to the microsecond. */
  #runtime(timestamp: number): number {
    return Math.max(0, Math.round((timestamp - (this.#startedAt ?? timestamp)) * 1e6) / 1e6);
  }

  #now(): number {
    return this.#options.client.http.clock.now() / 1000;
  }

  async #beforeBatch(): Promise<void> {
    if (this.#options.pacing === "live") await this.#sendConfig();
  }

  async #sendConfig(): Promise<void> {
    try {
      await updateRunConfig(this.#options, this.#started);
    } catch (error) {
      this.#afterFailure(error);
      this.#warn("the configuration was not updated", messageOf(error));
    }
  }

  async #addFilesAtEnd(): Promise<void> {
    const names = RUN_FILES_AT_END;
    const { config, resumed } = this.#started;
    this.#files.add(names.config, Buffer.from(config.toYaml()));
    this.#files.add(names.summary, Buffer.from(this.#summary.toJson()));
    if (!resumed || this.#endedEarly)
      this.#files.add(names.metadata, Buffer.from(stringifyJson(await this.#metadata())));
    const [held, start] = [this.#heldLines, this.#consoleStart];
    // A log with fewer lines than the server holds adds nothing.
    if (this.#console.empty || (held > 0 && held < start)) return;
    // The lines of a resumed run are only its later part, which must not replace the file with the earlier one.
    const name = held === start ? names.console : `logs/output_${start}.log`;
    this.#files.add(name, await this.#console.source());
  }

  /** Whether this goes on with a run that did not come to a good end. */
  get #endedEarly(): boolean {
    return this.resumed && this.existing?.finished === false;
  }

  #metadata(): Promise<JsonObject> {
    const { program, client, host, folder } = this.#options;
    const startedAt = this.#startedAt ?? this.#now();
    return runMetadata({ startedAt, program: program ?? client.version, host, folder });
  }

  async #uploadFiles(): Promise<void> {
    const failedBefore = this.#files.failed.length;
    const arrived = await this.#files.upload();
    this.#stream.uploaded(arrived);
    if (this.#files.gaveUp) this.#giveUpSoon();
    const failed = this.#files.failed.slice(failedBefore);
    for (const { name, reason } of failed) {
      this.#warn(`the file ${name} was not uploaded`, reason);
      await this.#handOverFile(name);
    }
    for (const name of arrived) this.#unreportedFiles.add(name);
    const unreported = new Set(this.#stream.unreported);
    for (const name of this.#unreportedFiles) {
      if (unreported.has(name)) continue;
      this.#unreportedFiles.delete(name);
      this.#files.takeSource(name);
    }
  }

  /** A file that arrived belongs to no run until the server is told. */
  async #handOverUnreported(): Promise<void> {
    const unreported = new Set(this.#stream.unreported);
    this.#failedTables.push(...this.#unreportedTables.filter(({ files }) => unreported.has(files.path)));
    for (const name of unreported) await this.#handOverFile(name);
  }

  async #handOverFile(name: string): Promise<void> {
    const source = this.#files.takeSource(name);
    if (source === undefined || name.startsWith(TABLES)) return;
    await this.#options.onUndeliveredFile?.(name, source);
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
      const reason = messageOf(error);
      this.#failedArtifacts.push({ name, reason });
      this.#warn(`the artifact ${name} was not published`, reason);
    }
  }

  /** When the budget is used up once, what is left gets one try each rather than a budget each. */
  #afterFailure(error: unknown): void {
    if (isWandbError(error, "undelivered")) this.#giveUpSoon();
  }

  #giveUpSoon(): void {
    this.#started.scope.budget.set(0);
  }

  #warn(what: string, reason?: string): void {
    this.#warnings.push(reason === undefined ? { text: what } : { text: `${what}: ${reason}`, reason });
  }
}
