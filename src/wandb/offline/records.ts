/**
 * The records of W&B's offline file: protobuf messages `wandb_internal.Record`, as far as runs need them.
 *
 * Source of the field numbers: the descriptors in the official client 0.31.0 (`wandb/proto`). A record is a
 * running number (field 1) and one message of the kinds below; every other field is passed over on reading.
 */

import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { TransactionLogError } from "./transaction-log-error.js";

/** A value at a path of nested keys (most often one key); `json` is W&B JSON, bare NaN and Infinity included. */
export type Entry = { readonly path: readonly string[]; readonly json: string };

/** Who a run is. Absent members are unset; `startTime` is in seconds since 1970. */
export type RunRecord = {
  readonly runId: string;
  readonly project: string;
  readonly entity?: string;
  readonly group?: string;
  readonly jobType?: string;
  readonly displayName?: string;
  readonly notes?: string;
  readonly host?: string;
  readonly startTime?: number;
  readonly startingStep?: number;
  readonly resumed?: boolean;
  readonly tags: readonly string[];
  readonly config: readonly Entry[];
};

/** One file of an artifact: base64 MD5, size in bytes, and where its bytes lie on this machine. */
export type ArtifactFile = {
  readonly path: string;
  readonly digest: string;
  readonly size: number;
  /** Set for a reference to somewhere else; there are no local bytes then. */
  readonly reference?: string;
  readonly localPath?: string;
};

/** A new version of an artifact. `digest` is the hex MD5 of its manifest. */
export type ArtifactRecord = {
  readonly runId: string;
  readonly project: string;
  readonly entity?: string;
  readonly type: string;
  readonly name: string;
  readonly digest: string;
  readonly description?: string;
  /** JSON text of an object. */
  readonly metadata?: string;
  readonly aliases: readonly string[];
  readonly tags: readonly string[];
  readonly clientId: string;
  readonly sequenceClientId: string;
  readonly finalize: boolean;
  readonly files: readonly ArtifactFile[];
  /** Only in files of the official client: the list of a very large artifact lies there, and `files` is empty. */
  readonly manifestFile?: string;
};

/** When a run file is uploaded by the official client, and what it is. */
export type RunFile = {
  /** Below the `files` folder, with `/`. */
  readonly path: string;
  readonly policy: "now" | "end" | "live";
  readonly type: "other" | "wandb" | "media" | "artifact";
};

/** A record of the offline file. Timestamps are seconds since 1970. */
export type OfflineRecord =
  | { readonly kind: "header"; readonly producer: string; readonly minConsumer: string }
  | { readonly kind: "run"; readonly run: RunRecord }
  | { readonly kind: "config"; readonly update: readonly Entry[]; readonly remove: readonly Entry[] }
  | { readonly kind: "files"; readonly files: readonly RunFile[] }
  | { readonly kind: "history"; readonly step?: number; readonly items: readonly Entry[] }
  | { readonly kind: "summary"; readonly update: readonly Entry[]; readonly remove: readonly Entry[] }
  /** A sample of system metrics; keys are without their `system.`. */
  | { readonly kind: "stats"; readonly timestamp: number; readonly items: readonly Entry[] }
  /** A piece of console output, with its line end if it has one. */
  | {
      readonly kind: "output";
      readonly stream: "stdout" | "stderr";
      readonly timestamp: number;
      readonly text: string;
    }
  | { readonly kind: "artifact"; readonly artifact: ArtifactRecord }
  /** `runtime` is in whole seconds. */
  | { readonly kind: "exit"; readonly exitCode: number; readonly runtime: number }
  | { readonly kind: "footer" }
  /** A kind that is not read here (telemetry, environment, later inventions); `field` is its number. */
  | { readonly kind: "other"; readonly field: number };

const POLICIES = ["now", "end", "live"] as const;
const FILE_TYPES = ["other", "wandb", "media", "artifact"] as const;
// Numbers of the message kinds within a record.
const HISTORY = 2;
const SUMMARY = 3;
const CONFIG = 5;
const FILES = 6;
const STATS = 7;
const ARTIFACT = 8;
const OUTPUT_RAW = 13;
const RUN = 17;
const EXIT = 18;
const HEADER = 21;
const FOOTER = 22;
// Fields of a record that are not its message: number, control, uuid, info.
const NOT_A_MESSAGE = new Set([1, 16, 19, 200]);

/** Keeps its memory from record to record: the text of a log is one record a line. */
let shared = new BinaryWriter();
/** After a larger record the memory is let go. */
const MOST_KEPT = 1 << 16;

/** The bytes of a record. `number` counts the records of a file from 1. */
export function encodeRecord(number: number, record: Exclude<OfflineRecord, { kind: "other" }>): Uint8Array {
  const writer = shared;
  // One that a fault has stopped halfway must not be gone on with.
  shared = new BinaryWriter();
  const bytes = writeRecord(writer, number, record);
  if (bytes.length <= MOST_KEPT) shared = writer;
  return bytes;
}

function writeRecord(
  writer: BinaryWriter,
  number: number,
  record: Exclude<OfflineRecord, { kind: "other" }>,
): Uint8Array {
  writer.tag(1, WireType.Varint).int64(number);
  switch (record.kind) {
    case "header":
      return message(writer, HEADER, () =>
        message(writer, 1, () => {
          text(writer, 1, record.producer);
          text(writer, 2, record.minConsumer);
        }),
      ).finish();
    case "run":
      return message(writer, RUN, () => writeRun(writer, record.run)).finish();
    case "config":
      return message(writer, CONFIG, () => writeChanges(writer, record)).finish();
    case "summary":
      return message(writer, SUMMARY, () => writeChanges(writer, record)).finish();
    case "files":
      return message(writer, FILES, () => {
        for (const file of record.files) {
          message(writer, 1, () => {
            text(writer, 1, file.path);
            integer(writer, 2, POLICIES.indexOf(file.policy));
            integer(writer, 3, FILE_TYPES.indexOf(file.type));
          });
        }
      }).finish();
    case "history":
      return message(writer, HISTORY, () => {
        for (const item of record.items) writeEntry(writer, 1, item);
        if (record.step !== undefined) {
          const step = record.step;
          message(writer, 2, () => integer(writer, 1, step));
        }
      }).finish();
    case "stats":
      return message(writer, STATS, () => {
        writeTimestamp(writer, 2, record.timestamp);
        for (const item of record.items) {
          message(writer, 3, () => {
            text(writer, 1, item.path.join("."));
            text(writer, 16, item.json);
          });
        }
      }).finish();
    case "output":
      return message(writer, OUTPUT_RAW, () => {
        integer(writer, 1, record.stream === "stdout" ? 1 : 0);
        writeTimestamp(writer, 2, record.timestamp);
        text(writer, 3, record.text);
      }).finish();
    case "artifact":
      return message(writer, ARTIFACT, () => writeArtifact(writer, record.artifact)).finish();
    case "exit":
      return message(writer, EXIT, () => {
        integer(writer, 1, record.exitCode);
        integer(writer, 2, record.runtime);
      }).finish();
    case "footer":
      return message(writer, FOOTER, () => {}).finish();
  }
}

const scratch = { bytes: Buffer.alloc(1 << 12) };
/** Bytes of an output record beside its text, at most. */
const BESIDE_TEXT = 64;

/**
 * The same as {@link encodeRecord} of a line of output, with a line feed behind its text; many times as fast, because
 * the text of a log is one record a line.
 *
 * @returns Bytes that the next call writes over.
 */
export function encodeOutputLine(
  number: number,
  stream: "stdout" | "stderr",
  timestamp: number,
  line: string,
): Uint8Array {
  const { seconds, nanos } = splitTime(timestamp);
  if (seconds < 0) return encodeRecord(number, { kind: "output", stream, timestamp, text: `${line}\n` });
  // Three bytes hold any UTF-16 unit.
  const wanted = BESIDE_TEXT + 3 * line.length;
  if (scratch.bytes.length < wanted) scratch.bytes = Buffer.alloc(2 * wanted);
  const { bytes } = scratch;
  // The text goes to its place first: how long it is decides how much is before it.
  const end = BESIDE_TEXT + bytes.write(line, BESIDE_TEXT, "utf8");
  bytes[end] = 0x0a;
  const size = end + 1 - BESIDE_TEXT;
  let at = putBefore(bytes, BESIDE_TEXT, size);
  bytes[--at] = tagOf(3, WireType.LengthDelimited);
  const timeEnd = at;
  if (nanos !== 0) {
    at = putBefore(bytes, at, nanos);
    bytes[--at] = tagOf(2, WireType.Varint);
  }
  if (seconds !== 0) {
    at = putBefore(bytes, at, seconds);
    bytes[--at] = tagOf(1, WireType.Varint);
  }
  at = putBefore(bytes, at, timeEnd - at);
  bytes[--at] = tagOf(2, WireType.LengthDelimited);
  if (stream === "stdout") {
    bytes[--at] = 1;
    bytes[--at] = tagOf(1, WireType.Varint);
  }
  at = putBefore(bytes, at, end + 1 - at);
  bytes[--at] = tagOf(OUTPUT_RAW, WireType.LengthDelimited);
  at = putBefore(bytes, at, number);
  bytes[--at] = tagOf(1, WireType.Varint);
  return bytes.subarray(at, end + 1);
}

function tagOf(field: number, wireType: WireType): number {
  return (field << 3) | wireType;
}

/** Writes a whole number from 0 up as a varint that ends before `end`, and returns where it begins. */
function putBefore(bytes: Uint8Array, end: number, value: number): number {
  let size = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) size += 1;
  let rest = value;
  for (let at = end - size; at < end; at += 1) {
    bytes[at] = (rest % 0x80) | (at + 1 < end ? 0x80 : 0);
    rest = Math.floor(rest / 0x80);
  }
  return end - size;
}

/**
 * Reads a record.
 *
 * @throws TransactionLogError when the bytes are not a protobuf message of that kind.
 */
export function decodeRecord(bytes: Uint8Array): OfflineRecord {
  try {
    let record: OfflineRecord = { kind: "other", field: 0 };
    eachField(new BinaryReader(bytes), {}, (reader, field, wireType) => {
      if (wireType !== WireType.LengthDelimited || NOT_A_MESSAGE.has(field)) return false;
      record = readMessage(field, reader.bytes());
      return true;
    });
    return record;
  } catch (error) {
    throw new TransactionLogError(
      "record",
      `not a W&B record: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

function readMessage(field: number, bytes: Uint8Array): OfflineRecord {
  const reader = new BinaryReader(bytes);
  switch (field) {
    case HEADER: {
      let producer = "";
      let minConsumer = "";
      eachField(reader, {
        1: () =>
          eachField(nested(reader), {
            1: (inner) => {
              producer = inner.string();
            },
            2: (inner) => {
              minConsumer = inner.string();
            },
          }),
      });
      return { kind: "header", producer, minConsumer };
    }
    case RUN:
      return { kind: "run", run: readRun(reader) };
    case CONFIG:
      return { kind: "config", ...readChanges(reader) };
    case SUMMARY:
      return { kind: "summary", ...readChanges(reader) };
    case FILES: {
      const files: RunFile[] = [];
      eachField(reader, { 1: () => files.push(readFile(nested(reader))) });
      return { kind: "files", files };
    }
    case HISTORY: {
      const items: Entry[] = [];
      let step: number | undefined;
      eachField(reader, {
        1: () => items.push(readEntry(nested(reader))),
        2: () => {
          step = 0;
          eachField(nested(reader), {
            1: (inner) => {
              step = Number(inner.int64());
            },
          });
        },
      });
      return { kind: "history", items, ...(step === undefined ? {} : { step }) };
    }
    case STATS: {
      const items: Entry[] = [];
      let timestamp = 0;
      eachField(reader, {
        2: () => {
          timestamp = readTimestamp(nested(reader));
        },
        3: () => items.push(readEntry(nested(reader))),
      });
      return { kind: "stats", timestamp, items };
    }
    case OUTPUT_RAW: {
      let type = 0;
      let timestamp = 0;
      let line = "";
      eachField(reader, {
        1: () => {
          type = reader.int32();
        },
        2: () => {
          timestamp = readTimestamp(nested(reader));
        },
        3: () => {
          line = reader.string();
        },
      });
      return { kind: "output", stream: type === 1 ? "stdout" : "stderr", timestamp, text: line };
    }
    case ARTIFACT:
      return { kind: "artifact", artifact: readArtifact(reader) };
    case EXIT: {
      let exitCode = 0;
      let runtime = 0;
      eachField(reader, {
        1: () => {
          exitCode = reader.int32();
        },
        2: () => {
          runtime = reader.int32();
        },
      });
      return { kind: "exit", exitCode, runtime };
    }
    case FOOTER:
      return { kind: "footer" };
    default:
      return { kind: "other", field };
  }
}

function writeRun(writer: BinaryWriter, run: RunRecord): void {
  text(writer, 1, run.runId);
  text(writer, 2, run.entity);
  text(writer, 3, run.project);
  if (run.config.length > 0)
    message(writer, 4, () => writeChanges(writer, { update: run.config, remove: [] }));
  text(writer, 6, run.group);
  text(writer, 7, run.jobType);
  text(writer, 8, run.displayName);
  text(writer, 9, run.notes);
  for (const tag of run.tags) writer.tag(10, WireType.LengthDelimited).string(tag);
  text(writer, 13, run.host);
  integer(writer, 14, run.startingStep ?? 0);
  if (run.startTime !== undefined) writeTimestamp(writer, 17, run.startTime);
  integer(writer, 18, run.resumed === true ? 1 : 0);
}

function readRun(reader: BinaryReader): RunRecord {
  const config: Entry[] = [];
  const tags: string[] = [];
  const run: { -readonly [K in keyof RunRecord]: RunRecord[K] } = { runId: "", project: "", config, tags };
  eachField(reader, {
    1: () => {
      run.runId = reader.string();
    },
    2: () => {
      run.entity = reader.string();
    },
    3: () => {
      run.project = reader.string();
    },
    4: () => config.push(...readChanges(nested(reader)).update),
    6: () => {
      run.group = reader.string();
    },
    7: () => {
      run.jobType = reader.string();
    },
    8: () => {
      run.displayName = reader.string();
    },
    9: () => {
      run.notes = reader.string();
    },
    10: () => tags.push(reader.string()),
    13: () => {
      run.host = reader.string();
    },
    14: () => {
      run.startingStep = Number(reader.int64());
    },
    17: () => {
      run.startTime = readTimestamp(nested(reader));
    },
    18: () => {
      run.resumed = reader.bool();
    },
  });
  return run;
}

function writeArtifact(writer: BinaryWriter, artifact: ArtifactRecord): void {
  text(writer, 1, artifact.runId);
  text(writer, 2, artifact.project);
  text(writer, 3, artifact.entity);
  text(writer, 4, artifact.type);
  text(writer, 5, artifact.name);
  text(writer, 6, artifact.digest);
  text(writer, 7, artifact.description);
  text(writer, 8, artifact.metadata);
  for (const alias of artifact.aliases) writer.tag(11, WireType.LengthDelimited).string(alias);
  message(writer, 12, () => {
    integer(writer, 1, 1);
    text(writer, 2, "wandb-storage-policy-v1");
    message(writer, 3, () => {
      text(writer, 1, "storageLayout");
      text(writer, 2, `"V2"`);
    });
    for (const file of artifact.files) {
      message(writer, 4, () => {
        text(writer, 1, file.path);
        text(writer, 2, file.digest);
        text(writer, 3, file.reference);
        integer(writer, 4, file.size);
        text(writer, 6, file.localPath);
      });
    }
  });
  integer(writer, 14, artifact.finalize ? 1 : 0);
  text(writer, 15, artifact.clientId);
  text(writer, 16, artifact.sequenceClientId);
  for (const tag of artifact.tags) writer.tag(19, WireType.LengthDelimited).string(tag);
  text(writer, 20, "MANIFEST_MD5");
}

function readArtifact(reader: BinaryReader): ArtifactRecord {
  const aliases: string[] = [];
  const tags: string[] = [];
  const files: ArtifactFile[] = [];
  const artifact: { -readonly [K in keyof ArtifactRecord]: ArtifactRecord[K] } = {
    runId: "",
    project: "",
    type: "",
    name: "",
    digest: "",
    aliases,
    tags,
    clientId: "",
    sequenceClientId: "",
    finalize: false,
    files,
  };
  eachField(reader, {
    1: () => {
      artifact.runId = reader.string();
    },
    2: () => {
      artifact.project = reader.string();
    },
    3: () => {
      artifact.entity = reader.string();
    },
    4: () => {
      artifact.type = reader.string();
    },
    5: () => {
      artifact.name = reader.string();
    },
    6: () => {
      artifact.digest = reader.string();
    },
    7: () => {
      artifact.description = reader.string();
    },
    8: () => {
      artifact.metadata = reader.string();
    },
    11: () => aliases.push(reader.string()),
    12: () =>
      eachField(nested(reader), {
        4: (manifest) => files.push(readArtifactFile(nested(manifest))),
        5: (manifest) => {
          artifact.manifestFile = manifest.string();
        },
      }),
    14: () => {
      artifact.finalize = reader.bool();
    },
    15: () => {
      artifact.clientId = reader.string();
    },
    16: () => {
      artifact.sequenceClientId = reader.string();
    },
    19: () => tags.push(reader.string()),
  });
  return artifact;
}

function readArtifactFile(reader: BinaryReader): ArtifactFile {
  const file: { -readonly [K in keyof ArtifactFile]: ArtifactFile[K] } = { path: "", digest: "", size: 0 };
  eachField(reader, {
    1: () => {
      file.path = reader.string();
    },
    2: () => {
      file.digest = reader.string();
    },
    3: () => {
      file.reference = reader.string();
    },
    4: () => {
      file.size = Number(reader.int64());
    },
    6: () => {
      file.localPath = reader.string();
    },
  });
  return file;
}

function readFile(reader: BinaryReader): RunFile {
  let path = "";
  let policy = 0;
  let type = 0;
  eachField(reader, {
    1: () => {
      path = reader.string();
    },
    2: () => {
      policy = reader.int32();
    },
    3: () => {
      type = reader.int32();
    },
  });
  return { path, policy: POLICIES[policy] ?? "now", type: FILE_TYPES[type] ?? "other" };
}

type Changes = { readonly update: readonly Entry[]; readonly remove: readonly Entry[] };

function writeChanges(writer: BinaryWriter, changes: Changes): void {
  for (const entry of changes.update) writeEntry(writer, 1, entry);
  for (const entry of changes.remove) writeEntry(writer, 2, entry);
}

function readChanges(reader: BinaryReader): Changes {
  const update: Entry[] = [];
  const remove: Entry[] = [];
  eachField(reader, {
    1: () => update.push(readEntry(nested(reader))),
    2: () => remove.push(readEntry(nested(reader))),
  });
  return { update, remove };
}

function writeEntry(writer: BinaryWriter, field: number, entry: Entry): void {
  message(writer, field, () => {
    const [key, ...deeper] = entry.path;
    if (deeper.length === 0) text(writer, 1, key);
    else for (const part of entry.path) writer.tag(2, WireType.LengthDelimited).string(part);
    text(writer, 16, entry.json);
  });
}

/** Entries of config, summary, stats and history have one layout; the typed values 3 to 8 are history's alone. */
function readEntry(reader: BinaryReader): Entry {
  let key = "";
  const nestedKey: string[] = [];
  let json = "null";
  eachField(reader, {
    1: () => {
      key = reader.string();
    },
    2: () => nestedKey.push(reader.string()),
    3: () => {
      reader.int32();
      json = "null";
    },
    4: () => {
      json = reader.bool() ? "true" : "false";
    },
    5: () => {
      json = String(reader.sint64());
    },
    6: () => {
      json = String(reader.double());
    },
    7: () => {
      json = JSON.stringify(reader.string());
    },
    8: () => {
      json = reader.string();
    },
    16: () => {
      json = reader.string();
    },
  });
  return { path: nestedKey.length > 0 ? nestedKey : [key], json };
}

function writeTimestamp(writer: BinaryWriter, field: number, seconds: number): void {
  const time = splitTime(seconds);
  message(writer, field, () => {
    integer(writer, 1, time.seconds);
    integer(writer, 2, time.nanos);
  });
}

function splitTime(timestamp: number): { readonly seconds: number; readonly nanos: number } {
  // A double holds about a tenth of a microsecond here; whole microseconds keep what was given.
  const micros = Math.round(timestamp * 1e6);
  const seconds = Math.floor(micros / 1e6);
  return { seconds, nanos: (micros - seconds * 1e6) * 1000 };
}

function readTimestamp(reader: BinaryReader): number {
  let seconds = 0;
  let nanos = 0;
  eachField(reader, {
    1: () => {
      seconds = Number(reader.int64());
    },
    2: () => {
      nanos = reader.int32();
    },
  });
  // One division of whole microseconds gives the double that was written.
  return (seconds * 1e6 + Math.round(nanos / 1000)) / 1e6;
}

/** proto3 leaves out empty strings. */
function text(writer: BinaryWriter, field: number, value: string | undefined): void {
  if (value !== undefined && value !== "") writer.tag(field, WireType.LengthDelimited).string(value);
}

/** For int32, int64, bool and enum, which share their encoding; proto3 leaves out zero. */
function integer(writer: BinaryWriter, field: number, value: number): void {
  if (value !== 0) writer.tag(field, WireType.Varint).int64(value);
}

function message(writer: BinaryWriter, field: number, body: () => unknown): BinaryWriter {
  writer.tag(field, WireType.LengthDelimited).fork();
  body();
  return writer.join();
}

function nested(reader: BinaryReader): BinaryReader {
  return new BinaryReader(reader.bytes());
}

type FieldReaders = { readonly [field: number]: (reader: BinaryReader) => unknown };
type OtherField = (reader: BinaryReader, field: number, wireType: WireType) => boolean;

/** Calls the reader of each field; fields without one go to `other`, and are passed over when it declines. */
function eachField(reader: BinaryReader, readers: FieldReaders, other: OtherField = () => false): void {
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    const read = readers[field];
    if (read !== undefined) read(reader);
    else if (!other(reader, field, wireType)) reader.skip(wireType, field);
  }
}
