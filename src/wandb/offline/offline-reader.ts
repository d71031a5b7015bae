/** Reads an offline file back, ours or one of the official client, for `marian-tracking sync`. */

import { access, open } from "node:fs/promises";
import { basename, join, sep } from "node:path";
import { isObject } from "../../json.js";
import { writeConsoleLine } from "../client/format/console-line.js";
import { type JsonObject, type JsonValue, parseJson, parseJsonObject } from "../client/format/json.js";
import { type DeliveryState, lineOfRecord, readDeliveryState, type StreamName } from "./delivery-state.js";
import {
  type ArtifactRecord,
  decodeRecord,
  type Entry,
  type OfflineRecord,
  type RunFile,
  type RunRecord,
} from "./records.js";
import { directoryOf, pathBelow, runDirectory } from "./run-directory.js";
import { writeEntries, writeEventLine } from "./stream-line.js";
import { type LogEntry, TransactionLogDecoder } from "./transaction-log.js";
import { TransactionLogError } from "./transaction-log-error.js";

/**
 * What an offline run holds, in the order it was written. `line` is the number of a line by the delivery state
 * next to the file; by simple counting from 0 without one; undefined after damage, where records may be
 * missing. `content` is the line as a server takes it. Timestamps are seconds since 1970, offsets are bytes.
 */
export type OfflineEvent =
  | { readonly kind: "run"; readonly run: RunRecord }
  /** See `applyChanges`. */
  | {
      readonly kind: "config" | "summary";
      readonly update: readonly Entry[];
      readonly remove: readonly Entry[];
    }
  | {
      readonly kind: "history";
      readonly line: number | undefined;
      readonly content: string;
      /** The same as values; whole numbers beyond 2^53 are exact in `content` only. */
      readonly row: JsonObject;
      readonly step: number | undefined;
    }
  | {
      readonly kind: "events";
      readonly line: number | undefined;
      readonly content: string;
      readonly timestamp: number;
    }
  | {
      readonly kind: "console";
      readonly line: number | undefined;
      readonly content: string;
      readonly stream: "stdout" | "stderr";
      readonly timestamp: number;
      readonly text: string;
    }
  /** `localPath` is where the file should be; one that was never written is not there. */
  | { readonly kind: "file"; readonly file: RunFile; readonly localPath: string }
  /** Local paths point into the folder of the run if that was moved. */
  | { readonly kind: "artifact"; readonly artifact: ArtifactRecord }
  /** Missing when the writer was killed, or left the run running. `runtime` is in whole seconds. */
  | { readonly kind: "exit"; readonly exitCode: number; readonly runtime: number }
  /** The writer has closed the file. */
  | { readonly kind: "footer" }
  /** Something here is not what was written; reading goes on after it. */
  | { readonly kind: "damage"; readonly offset: number; readonly reason: string }
  /** The file ends in the middle of a record, after `bytes` of it. */
  | { readonly kind: "cut"; readonly offset: number; readonly bytes: number };

// A multiple of the block size; memory does not depend on the size of the file.
const READ_SIZE = 262_144;

/** One offline file. Iterating reads it from the start; each iteration is a new reading. */
export class OfflineReader implements AsyncIterable<OfflineEvent> {
  readonly transactionLog: string;
  /** The folder of the run. */
  readonly directory: string;
  /** What is delivered already; null for a file of the official client. */
  readonly delivery: DeliveryState | null;

  private constructor(transactionLog: string, directory: string, delivery: DeliveryState | null) {
    this.transactionLog = transactionLog;
    this.directory = directory;
    this.delivery = delivery;
  }

  /**
   * @throws TransactionLogError if the delivery state next to the file can't be trusted.
   * @throws the error of the file system when the file can't be read.
   */
  static async open(transactionLog: string): Promise<OfflineReader> {
    await access(transactionLog);
    const directory = directoryOf(transactionLog);
    return new OfflineReader(transactionLog, directory, await readDeliveryState(directory));
  }

  /**
   * The events of the file. Iterating throws a TransactionLogError if this is not an offline file or it names files
   * outside its folder, and a SyntaxError if a value is not W&B JSON.
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<OfflineEvent, void, undefined> {
    const reading = new Reading(this.directory, this.delivery);
    for await (const entry of logEntries(this.transactionLog)) {
      if (entry.kind === "record") yield* await reading.record(entry);
      else yield* reading.fault(entry);
    }
    yield* reading.end();
  }
}

/** Applies the changes of a `config` or `summary` event to an object. */
export function applyChanges(
  target: { [key: string]: JsonValue | undefined },
  changes: { readonly update: readonly Entry[]; readonly remove: readonly Entry[] },
): void {
  for (const { path, json } of changes.update) {
    let object = target;
    for (const key of path.slice(0, -1)) {
      // A copy, so that values parsed once are never changed under someone else.
      const next = { ...asObject(ownValue(object, key)) };
      define(object, key, next);
      object = next;
    }
    define(object, path.at(-1) ?? "", parseJson(json));
  }
  for (const { path } of changes.remove) {
    let object: { [key: string]: JsonValue | undefined } | undefined = target;
    for (const key of path.slice(0, -1)) object = object && asObject(ownValue(object, key));
    if (object !== undefined) delete object[path.at(-1) ?? ""];
  }
}

async function* logEntries(path: string): AsyncGenerator<LogEntry> {
  const file = await open(path, "r");
  try {
    const decoder = new TransactionLogDecoder();
    const buffer = Buffer.alloc(READ_SIZE);
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, READ_SIZE);
      if (bytesRead === 0) break;
      yield* decoder.push(buffer.subarray(0, bytesRead));
    }
    yield* decoder.end();
  } finally {
    await file.close();
  }
}

/** From records to events: numbers lines, joins console output to lines, finds local files. */
class Reading {
  readonly #directory: string;
  readonly #delivery: DeliveryState | null;
  readonly #count = { history: 0, events: 0, console: 0 };
  readonly #open = new Map<"stdout" | "stderr", { timestamp: number; text: string }>();
  #startTime: number | undefined;
  #damaged = false;

  constructor(directory: string, delivery: DeliveryState | null) {
    this.#directory = directory;
    this.#delivery = delivery;
  }

  async record(entry: Extract<LogEntry, { kind: "record" }>): Promise<OfflineEvent[]> {
    let record: OfflineRecord;
    try {
      record = decodeRecord(entry.bytes);
    } catch (error) {
      if (!(error instanceof TransactionLogError)) throw error;
      return this.fault({ kind: "damage", offset: entry.offset, reason: error.message });
    }
    switch (record.kind) {
      case "run":
        this.#startTime ??= record.run.startTime;
        return [record];
      case "config":
      case "summary":
      case "exit":
      case "footer":
        return [record];
      case "history": {
        const content = writeEntries(record.items);
        const row = parseJsonObject(content);
        const own = row._step;
        const step = record.step ?? (typeof own === "number" ? own : undefined);
        return [{ kind: "history", line: this.#line("history"), content, row, step }];
      }
      case "stats": {
        const { timestamp } = record;
        const runtime = this.#startTime === undefined ? 0 : timestamp - this.#startTime;
        const content = writeEventLine(record.items, timestamp, runtime);
        return [{ kind: "events", line: this.#line("events"), content, timestamp }];
      }
      case "output":
        return this.#output(record);
      case "files":
        return record.files.map((file) => {
          const { files } = runDirectory(this.#directory, "");
          return { kind: "file", file, localPath: pathBelow(files, file.path) };
        });
      case "artifact":
        return [{ kind: "artifact", artifact: await this.#found(record.artifact) }];
      case "header":
      case "other":
        return [];
    }
  }

  fault(entry: Extract<LogEntry, { kind: "damage" | "cut" }>): OfflineEvent[] {
    this.#damaged ||= entry.kind === "damage";
    return [entry];
  }

  end(): OfflineEvent[] {
    return [...this.#open].map(([stream, { timestamp, text }]) =>
      this.#consoleEvent(stream, timestamp, text),
    );
  }

  #output(record: Extract<OfflineRecord, { kind: "output" }>): OfflineEvent[] {
    const events: OfflineEvent[] = [];
    const { stream } = record;
    for (const line of record.text.split(/(?<=\n)/)) {
      if (line === "") continue;
      const begun = this.#open.get(stream) ?? { timestamp: record.timestamp, text: "" };
      begun.text += line;
      this.#open.set(stream, begun);
      if (!line.endsWith("\n")) continue;
      this.#open.delete(stream);
      events.push(this.#consoleEvent(stream, begun.timestamp, begun.text));
    }
    return events;
  }

  #consoleEvent(stream: "stdout" | "stderr", timestamp: number, raw: string): OfflineEvent {
    // A carriage return starts the line again: only its last state counts.
    const text = raw.replace(/[\r\n]+$/, "").replace(/^.*\r/s, "");
    const content = writeConsoleLine({ text, timestamp, error: stream === "stderr" });
    return { kind: "console", line: this.#line("console"), content, stream, timestamp, text };
  }

  #line(stream: StreamName): number | undefined {
    const record = this.#count[stream]++;
    if (this.#damaged) return undefined;
    return this.#delivery === null ? record : lineOfRecord(this.#delivery.spans[stream], record);
  }

  async #found(artifact: ArtifactRecord): Promise<ArtifactRecord> {
    const files = await Promise.all(
      artifact.files.map(async (file) => {
        if (file.localPath === undefined || (await exists(file.localPath))) return file;
        // The folder of the run was moved or copied: its name is the same, what lies below it too.
        const name = `${sep}${basename(this.#directory)}${sep}`;
        const at = file.localPath.lastIndexOf(name);
        return at < 0
          ? file
          : { ...file, localPath: join(this.#directory, file.localPath.slice(at + name.length)) };
      }),
    );
    return { ...artifact, files };
  }
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}

function asObject(value: JsonValue | undefined): { [key: string]: JsonValue | undefined } {
  return isObject(value) ? (value as { [key: string]: JsonValue | undefined }) : {};
}

function ownValue(object: JsonObject, key: string): JsonValue | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

// Not an assignment: a key named __proto__ would set the prototype.
function define(object: { [key: string]: JsonValue | undefined }, key: string, value: JsonValue): void {
  Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
}
