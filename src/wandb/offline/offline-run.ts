/**
 * A run written to W&B's offline file instead of a server.
 *
 * `wandb sync` of the official client uploads such a run, but appends its rows to what the server holds;
 * `marian-tracking sync` puts each row on its own line, by `delivery-state.ts`.
 */

import { hostname } from "node:os";
import { join } from "node:path";
import { newClientId } from "../client/format/artifact.js";
import { readConsoleLine } from "../client/format/console-line.js";
import { type JsonObject, type JsonValue, stringifyJson } from "../client/format/json.js";
import { checkArtifactName, tableArtifactName } from "../client/format/names.js";
import { type RowTable, type StoredTable, storedTable } from "../client/format/row-table.js";
import type { RunLine } from "../client/wandb-run.js";
import { type ArtifactOptions, artifactFile, artifactRecord, copyArtifactFiles } from "./artifact-record.js";
import {
  type DeliveryState,
  newDeliveryState,
  type StreamName,
  withLine,
  writeDeliveryState,
} from "./delivery-state.js";
import { type Entry, encodeOutputLine, encodeRecord, type OfflineRecord, type RunRecord } from "./records.js";
import { copyInto, createRunDirectory, pathBelow, type RunDirectory, writeInto } from "./run-directory.js";
import { readEventLine, readHistoryLine } from "./stream-line.js";
import { TransactionLogError } from "./transaction-log-error.js";
import { TransactionLogWriter, type WritePreparation } from "./transaction-log-writer.js";

/** Where an offline run is written, and who it is. */
export type OfflineRunOptions = {
  /** The folder that gets (or has) a `wandb` folder; `WANDB_DIR` of the official client. */
  readonly dir: string;
  readonly id: string;
  readonly project: string;
  /** Absent: the default entity of the key that delivers the run. */
  readonly entity?: string | undefined;
  readonly group?: string | undefined;
  readonly displayName?: string | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly jobType?: string | undefined;
  readonly notes?: string | undefined;
  readonly config?: JsonObject | undefined;
  /** Seconds since 1970. */
  readonly startedAt: number;
  /** Default: the name of this machine. */
  readonly host?: string | undefined;
  /** The server that this run is for, when one is known. */
  readonly baseUrl?: string | undefined;
  /** See `DeliveryState`; default `overwrite`, line numbers being those of the server. */
  readonly resume?: "overwrite" | "append" | undefined;
  /** Milliseconds until a record is on disk; default 1000. */
  readonly flushInterval?: number | undefined;
};

/** Where a history row belongs. */
export type RowPosition = {
  /** A whole number; Marian's update. */
  readonly step: number;
  /** Seconds since 1970. */
  readonly timestamp: number;
  /** Seconds since the start of the run. Default: by the timestamp. */
  readonly runtime?: number | undefined;
  /** Its line on the server, counted from 0; default: the line after the last row's. */
  readonly line?: number | undefined;
};

const FLUSH_INTERVAL = 1000;
// The oldest client that reads this format, as the official client states it.
const MIN_CONSUMER = "0.70.0";

/**
 * An offline run under way. Calls keep their order; a promise is fulfilled when the record is buffered, and
 * rejected with the error of the file system when nothing can be written any more. At most the last
 * `flushInterval` is lost with a killed process. Memory holds the summary (one value a key) and one buffer.
 */
export class OfflineRun {
  /** The folder of the run: what to give to `sync`. */
  readonly directory: string;

  readonly #paths: RunDirectory;
  readonly #run: RunRecord;
  readonly #startedAt: number;
  readonly #file: TransactionLogWriter;
  readonly #summary = new Map<string, string>();
  readonly #work = new Set<Promise<unknown>>();
  #changedSummary = new Set<string>();
  #delivery: DeliveryState;
  #storedDelivery: DeliveryState | undefined;
  #records = 0;
  #written = { history: 0, events: 0, console: 0 };
  #nextLine = { history: 0, events: 0, console: 0 };
  #lastTimestamp: number;
  #runtime = 0;
  #artifacts = 0;
  #closed = false;

  private constructor(
    paths: RunDirectory,
    run: RunRecord,
    startedAt: number,
    delivery: DeliveryState,
    file: TransactionLogWriter,
  ) {
    this.directory = paths.path;
    this.#paths = paths;
    this.#run = run;
    this.#startedAt = startedAt;
    this.#delivery = delivery;
    this.#file = file;
    this.#lastTimestamp = run.startTime ?? 0;
  }

  /**
   * Creates the folder and the file of a run.
   *
   * @throws WandbError when the id is not one that W&B takes.
   */
  static async start(options: OfflineRunOptions): Promise<OfflineRun> {
    const paths = await createRunDirectory(options.dir, options.id);
    const run: RunRecord = {
      runId: options.id,
      project: options.project,
      host: options.host ?? hostname(),
      startTime: new Date(options.startedAt * 1000).getTime() / 1000,
      tags: options.tags ?? [],
      config: entriesOf(options.config ?? {}),
      ...(options.entity === undefined ? {} : { entity: options.entity }),
      ...(options.group === undefined ? {} : { group: options.group }),
      ...(options.displayName === undefined ? {} : { displayName: options.displayName }),
      ...(options.jobType === undefined ? {} : { jobType: options.jobType }),
      ...(options.notes === undefined ? {} : { notes: options.notes }),
    };
    const delivery = newDeliveryState({
      runId: options.id,
      project: options.project,
      entity: options.entity ?? null,
      baseUrl: options.baseUrl ?? null,
      resume: options.resume ?? "overwrite",
    });
    let prepare: () => WritePreparation = () => ({ records: [], ready: Promise.resolve() });
    const file = await TransactionLogWriter.create(paths.transactionLog, {
      flushInterval: options.flushInterval ?? FLUSH_INTERVAL,
      prepareWrite: () => prepare(),
    });
    const offline = new OfflineRun(paths, run, options.startedAt, delivery, file);
    prepare = () => offline.#prepareWrite();
    try {
      await offline.#append({
        kind: "header",
        producer: "marian-tracking",
        minConsumer: MIN_CONSUMER,
      });
      await offline.#append({ kind: "run", run });
      await offline.flush();
    } catch (error) {
      // It throws the same once more, and closes what it has open.
      await file.close().catch(() => {});
      throw error;
    }
    return offline;
  }

  /**
   * Adds a row to the history, with its tables, and its values to the summary. A row without anything in it is left
   * out. A row with tables keeps its order only when it is awaited.
   *
   * @throws RangeError when the step is not a whole number or a time is not finite, or a table has a row that has not
   *   one cell a column.
   */
  async history(row: JsonObject, at: RowPosition, tables: readonly RowTable[] = []): Promise<void> {
    this.#checkOpen();
    if (!Number.isSafeInteger(at.step)) throw new RangeError(`the step ${at.step} is not a whole number`);
    const runtime = this.#runtimeOf(at);
    if (!Number.isFinite(at.timestamp) || !Number.isFinite(runtime)) {
      throw new RangeError(`the row of step ${at.step} has no valid time`);
    }
    const values = entriesOf(row);
    for (const table of tables.map((one) => storedTable(one, at.step))) {
      await this.table(table);
      values.push(entry(table.key, table.reference));
    }
    if (values.length === 0) return;
    this.#file.setTail([]);
    const items = [...values, ...this.#marksOf(at)];
    this.#lastTimestamp = at.timestamp;
    this.#runtime = Math.max(this.#runtime, runtime);
    for (const item of items) this.#setSummary(item.path[0] ?? "", item.json);
    this.#number("history", at.line);
    await this.#append({ kind: "history", step: at.step, items });
  }

  /**
   * Shows rows that may still change: they are in the file until the next row takes the place of the first of them, and
   * a killed process leaves them there.
   */
  show(rows: readonly { readonly values: JsonObject; readonly position: RowPosition }[]): void {
    this.#checkOpen();
    const [first] = rows;
    if (first !== undefined) this.#place("history", first.position.line ?? this.#nextLine.history);
    const records = rows.map(({ values, position }, index) => {
      const items = [...entriesOf(values), ...this.#marksOf(position)];
      return encodeRecord(this.#records + 1 + index, { kind: "history", step: position.step, items });
    });
    this.#file.setTail(records);
  }

  /** Sets values of the summary; those of history rows come of themselves. */
  summary(values: JsonObject): void {
    this.#checkOpen();
    for (const { path, json } of entriesOf(values)) this.#setSummary(path[0] ?? "", json);
  }

  /** Sets values of the configuration. An error of the file system is thrown by the next call that is awaited. */
  updateConfig(values: JsonObject): void {
    this.#checkOpen();
    this.#append({ kind: "config", update: entriesOf(values), remove: [] }).catch(() => {});
  }

  /** Writes the files, the artifact and the chart of a table whose row is written elsewhere. */
  table({ name, key, files, ids, chart }: StoredTable): Promise<void> {
    return this.#track(async () => {
      const folder = this.#newArtifactFolder();
      const copy = pathBelow(folder, files.artifactFile);
      await writeInto(pathBelow(this.#paths.files, files.path), files.bytes);
      await writeInto(copy, files.artifactBytes);
      const artifact = { name: tableArtifactName(this.#run.runId, key), type: "run_table", ...ids };
      const entries = [await artifactFile(files.artifactFile, copy)];
      await this.#append(artifactRecord(this.#run, artifact, entries));
      await this.#append({ kind: "files", files: [{ path: files.path, policy: "now", type: "media" }] });
      if (chart === undefined) return;
      const update = [{ path: ["_wandb", "visualize", name], json: stringifyJson(chart) }];
      await this.#append({ kind: "config", update, remove: [] });
    });
  }

  /**
   * Logs the files of a directory as a new version of an artifact. They are copied: the originals may change.
   *
   * @throws Error when the name is not one that W&B takes or the directory can't be read.
   */
  directoryArtifact(name: string, type: string, dir: string, options: ArtifactOptions = {}): Promise<void> {
    return this.#track(async () => {
      checkArtifactName(name);
      const files = await copyArtifactFiles(dir, this.#newArtifactFolder());
      const artifact = { name, type, clientId: newClientId(), sequenceClientId: newClientId() };
      await this.#append(artifactRecord(this.#run, artifact, files, options));
    });
  }

  /**
   * Adds a run file, bytes or a copy of another file; an older one of that name is replaced.
   *
   * @throws TransactionLogError when the name leads out of the run.
   */
  file(name: string, content: Uint8Array | { readonly path: string }): Promise<void> {
    return this.#track(async () => {
      const path = pathBelow(this.#paths.files, name);
      if (content instanceof Uint8Array) await writeInto(path, content);
      else await copyInto(path, content.path);
      await this.#append({ kind: "files", files: [{ path: name, policy: "now", type: "other" }] });
    });
  }

  /**
   * Adds lines of console output. Without a time they get that of the last row. `line` is the number of the first of
   * them on the server, counted from 0; default: the line after the last one's.
   */
  async console(lines: readonly RunLine[], line?: number): Promise<void> {
    this.#checkOpen();
    for (const [index, { text, timestamp = this.#lastTimestamp, error }] of lines.entries()) {
      this.#number("console", line === undefined ? undefined : line + index);
      this.#records += 1;
      const stream = error ? "stderr" : "stdout";
      const written = this.#file.append(encodeOutputLine(this.#records, stream, timestamp, text));
      if (written !== undefined) await written;
    }
  }

  /** Adds a sample of system metrics; keys with or without `system.`. `timestamp` is in seconds since 1970. */
  async systemMetrics(
    sample: { readonly [key: string]: number },
    timestamp: number,
    line?: number,
  ): Promise<void> {
    this.#checkOpen();
    const items = entriesOf(sample).map(({ path, json }) => ({
      path: [(path[0] ?? "").replace(/^system\./, "")],
      json,
    }));
    this.#number("events", line);
    await this.#append({ kind: "stats", timestamp, items });
  }

  /**
   * Adds lines in the form that a server was to get them (the `content` of a file_stream request) and did not
   * acknowledge. `line` is the number of the first.
   *
   * @throws SyntaxError when a line of history or events is not W&B JSON.
   */
  async undelivered(stream: StreamName, line: number, content: readonly string[]): Promise<void> {
    if (stream === "console")
      return this.console(
        content.map((item) => readConsoleLine(item, this.#lastTimestamp)),
        line,
      );
    for (const [index, item] of content.entries()) {
      if (stream === "history") {
        const { row, position } = readHistoryLine(item);
        await this.history(row, { ...position, line: line + index });
      } else {
        const { sample, timestamp } = readEventLine(item);
        await this.systemMetrics(sample, timestamp, line + index);
      }
    }
  }

  /** As {@link undelivered}, of rows that may still change. */
  showUndelivered(line: number, content: readonly string[]): void {
    const rows = content.map((item, index) => {
      const { row, position } = readHistoryLine(item);
      return { values: row, position: { ...position, line: line + index } };
    });
    this.show(rows);
  }

  /** Rows that were added. */
  get rows(): number {
    return this.#written.history;
  }

  /** Hands everything so far to the operating system: a process killed after that loses none of it. */
  async flush(): Promise<void> {
    await Promise.allSettled(this.#work);
    await this.#file.flush();
  }

  /**
   * Ends the run: 0 is finished, everything else failed, null says nothing of an end. Waits for artifacts and files under
   * way, and for the disk. `runtime` is in seconds; default: that of the last row.
   */
  async finish(exitCode: number | null, runtime: number = this.#runtime): Promise<void> {
    await Promise.allSettled(this.#work);
    this.#checkOpen();
    this.#closed = true;
    this.#runtime = runtime;
    const summary = this.#takeSummary();
    const last = summary === undefined ? [] : [this.#append(summary)];
    if (exitCode !== null) last.push(this.#append({ kind: "exit", exitCode, runtime: Math.floor(runtime) }));
    last.push(this.#append({ kind: "footer" }));
    // A failed write is reported by the close, which has to come in any case.
    await Promise.allSettled(last);
    await this.#file.close();
  }

  /** What a row says of its place. */
  #marksOf(at: RowPosition): Entry[] {
    return [
      entry("_step", at.step),
      entry("_runtime", this.#runtimeOf(at)),
      entry("_timestamp", at.timestamp),
    ];
  }

  #runtimeOf({ timestamp, runtime = Math.max(0, timestamp - this.#startedAt) }: RowPosition): number {
    return runtime;
  }

  async #append(record: Exclude<OfflineRecord, { kind: "other" }>): Promise<void> {
    this.#records += 1;
    await this.#file.append(encodeRecord(this.#records, record));
  }

  #prepareWrite(): WritePreparation {
    const summary = this.#takeSummary();
    const records: Uint8Array[] = [];
    if (summary !== undefined) {
      this.#records += 1;
      records.push(encodeRecord(this.#records, summary));
    }
    const delivery = this.#delivery;
    if (delivery === this.#storedDelivery) return { records, ready: Promise.resolve() };
    this.#storedDelivery = delivery;
    return { records, ready: writeDeliveryState(this.#paths.path, delivery) };
  }

  // One summary a write, not one a row: `wandb sync` sends what it finds.
  #takeSummary(): Extract<OfflineRecord, { kind: "summary" }> | undefined {
    if (this.#changedSummary.size === 0) return undefined;
    const update: Entry[] = [];
    for (const key of this.#changedSummary)
      update.push({ path: [key], json: this.#summary.get(key) ?? "null" });
    this.#changedSummary = new Set();
    const seconds = String(Math.floor(this.#runtime));
    update.push({ path: ["_wandb", "runtime"], json: seconds });
    return { kind: "summary", update, remove: [] };
  }

  #setSummary(key: string, json: string): void {
    if (this.#summary.get(key) === json) return;
    this.#summary.set(key, json);
    this.#changedSummary.add(key);
  }

  #number(stream: StreamName, line: number | undefined): void {
    const number = line ?? this.#nextLine[stream];
    this.#place(stream, number);
    this.#written[stream] += 1;
    this.#nextLine[stream] = number + 1;
  }

  /** Notes that the next record of a stream is this line. */
  #place(stream: StreamName, number: number): void {
    const spans = withLine(this.#delivery.spans[stream], this.#written[stream], number);
    if (spans === this.#delivery.spans[stream]) return;
    this.#delivery = { ...this.#delivery, spans: { ...this.#delivery.spans, [stream]: spans } };
  }

  #newArtifactFolder(): string {
    this.#artifacts += 1;
    return join(this.#paths.artifacts, String(this.#artifacts));
  }

  // `finish` waits for these: their records come only when their files are there.
  #track<T>(task: () => Promise<T>): Promise<T> {
    const work = (async () => {
      this.#checkOpen();
      return await task();
    })();
    const done = work.then(
      () => {},
      () => {},
    );
    this.#work.add(done);
    void done.then(() => this.#work.delete(done));
    return work;
  }

  #checkOpen(): void {
    if (this.#closed) throw new TransactionLogError("closed", `the offline run ${this.#run.runId} is closed`);
  }
}

function entriesOf(values: JsonObject): Entry[] {
  const entries: Entry[] = [];
  for (const [key, value] of Object.entries(values)) if (value !== undefined) entries.push(entry(key, value));
  return entries;
}

function entry(key: string, value: JsonValue): Entry {
  return { path: [key], json: stringifyJson(value) };
}
