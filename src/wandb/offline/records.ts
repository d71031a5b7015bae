/**
 * The records of W&B's offline file: protobuf messages `wandb_internal.Record`, as far as runs need them.
 *
 * Source of the field numbers: the descriptors in the official client 0.31.0 (`wandb/proto`). A record is a
 * running number (field 1) and one message of the kinds below; reading skips every other field.
 */

import {
  type BinaryReader,
  BinaryWriter,
  boxed,
  type Codec,
  eachField,
  enumeration,
  flag,
  integer,
  list,
  message,
  splitTime,
  text,
  time,
  WireType,
} from "./protobuf.js";
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
  /** A part of the console output, with its line end if it has one. */
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

type KnownRecord = Exclude<OfflineRecord, { kind: "other" }>;
/** A record of a kind without the name of the kind. */
type Content<Name> = Omit<Extract<KnownRecord, { kind: Name }>, "kind">;
type Kind = readonly [field: number, codec: Codec<object>];

/** Number of output in a record. */
const OUTPUT = 13;
/** Fields of a record that are not its message: number, control, uuid, info. */
const NOT_A_MESSAGE: ReadonlySet<number> = new Set([1, 16, 19, 200]);

/** Keeps its memory from record to record: the text of a log is one record a line. */
let shared = new BinaryWriter();
/** After a larger record the memory is let go. */
const MAX_KEPT = 1 << 16;

/** The bytes of a record. `number` counts the records of a file from 1. */
export function encodeRecord(number: number, record: KnownRecord): Uint8Array {
  const writer = shared;
  // A writer that an error stopped halfway can't be used again.
  shared = new BinaryWriter();
  const [field, codec] = KINDS[record.kind] as Kind;
  writer.tag(1, WireType.Varint).int64(number);
  codec.write(writer, field, record);
  const bytes = writer.finish();
  if (bytes.length <= MAX_KEPT) shared = writer;
  return bytes;
}

const scratch = { bytes: Buffer.alloc(1 << 12) };
/** Bytes of an output record without its text, at most. */
const BESIDE_TEXT = 64;

/**
 * Gives what {@link encodeRecord} gives for a line of output, with a line feed after its text. Many times as fast,
 * because the text of a log is one record a line.
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
  bytes[--at] = tagOf(OUTPUT, WireType.LengthDelimited);
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
 * @throws TransactionLogError if the bytes are not a protobuf message of that kind.
 */
export function decodeRecord(bytes: Uint8Array): OfflineRecord {
  try {
    let record: OfflineRecord = { kind: "other", field: 0 };
    eachField(bytes, (reader, field, wireType) => {
      if (wireType !== WireType.LengthDelimited || NOT_A_MESSAGE.has(field)) return false;
      const known = BY_FIELD.get(field);
      record = known === undefined ? { kind: "other", field } : known(reader);
      return known !== undefined;
    });
    return record;
  } catch (error) {
    throw new TransactionLogError(
      "record",
      `not a W&B record: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

/**
 * Entries of configuration, summary, metrics and history have one layout. Only history has the typed values 3 to 8,
 * which are never written.
 */
const entry: Codec<Entry> = {
  read(reader) {
    let key = "";
    let json = "null";
    const nestedKey: string[] = [];
    eachField(reader.bytes(), (inner, field) => {
      if (field === 1) key = inner.string();
      else if (field === 2) nestedKey.push(inner.string());
      else if (field === 4) json = inner.bool() ? "true" : "false";
      else if (field === 5) json = String(inner.sint64());
      else if (field === 6) json = String(inner.double());
      else if (field === 7) json = JSON.stringify(inner.string());
      else if (field === 8 || field === 16) json = inner.string();
      else {
        if (field === 3) json = "null";
        return false;
      }
      return true;
    });
    return { path: nestedKey.length > 0 ? nestedKey : [key], json };
  },
  write(writer, field, { path, json }) {
    const [key = "", ...deeper] = path;
    if (deeper.length === 0) keyed.write(writer, field, { key, json });
    else nested.write(writer, field, { path, json });
  },
};
const keyed = message(() => ({ key: "", json: "" }), { key: [1, text], json: [16, text] });
const nested = message((): Entry => ({ path: [], json: "" }), { path: [2, list(text)], json: [16, text] });

/** System metrics have dots in their keys. */
const metric: Codec<Entry> = {
  read: entry.read,
  write: (writer, field, { path, json }) => entry.write(writer, field, { path: [path.join(".")], json }),
};

const changes = message(
  (): { readonly update: readonly Entry[]; readonly remove: readonly Entry[] } => ({
    update: [],
    remove: [],
  }),
  {
    update: [1, list(entry)],
    remove: [2, list(entry)],
  },
);

const run = message((): RunRecord => ({ runId: "", project: "", tags: [], config: [] }), {
  runId: [1, text],
  entity: [2, text],
  project: [3, text],
  config: [
    4,
    {
      read: (reader, before = []) => [...before, ...changes.read(reader, undefined).update],
      write: (writer, field, update) => changes.write(writer, field, { update, remove: [] }),
      isDefault: ({ length }) => length === 0,
    },
  ],
  group: [6, text],
  jobType: [7, text],
  displayName: [8, text],
  notes: [9, text],
  tags: [10, list(text)],
  host: [13, text],
  startingStep: [14, integer],
  startTime: [17, time],
  resumed: [18, flag],
});

const artifactFile = message((): ArtifactFile => ({ path: "", digest: "", size: 0 }), {
  path: [1, text],
  digest: [2, text],
  reference: [3, text],
  size: [4, integer],
  localPath: [6, text],
});

const policyConfig = message(() => ({ key: "", value: "" }), { key: [1, text], value: [2, text] });

/** The part of an artifact that lists its files. */
interface Manifest {
  readonly version?: number;
  readonly storagePolicy?: string;
  readonly storagePolicyConfig?: { readonly key: string; readonly value: string };
  readonly files: readonly ArtifactFile[];
  readonly manifestFile?: string;
}

const manifest = message((): Manifest => ({ files: [] }), {
  version: [1, integer],
  storagePolicy: [2, text],
  storagePolicyConfig: [3, policyConfig],
  files: [4, list(artifactFile)],
  manifestFile: [5, text],
});

/** An artifact as it stands in the file. */
interface StoredArtifact extends Omit<ArtifactRecord, "files" | "manifestFile"> {
  readonly manifest: Manifest;
  readonly digestAlgorithm?: string;
}

const storedArtifact = message(
  (): StoredArtifact => ({
    runId: "",
    project: "",
    type: "",
    name: "",
    digest: "",
    aliases: [],
    tags: [],
    clientId: "",
    sequenceClientId: "",
    finalize: false,
    manifest: { files: [] },
  }),
  {
    runId: [1, text],
    project: [2, text],
    entity: [3, text],
    type: [4, text],
    name: [5, text],
    digest: [6, text],
    description: [7, text],
    metadata: [8, text],
    aliases: [11, list(text)],
    manifest: [12, manifest],
    finalize: [14, flag],
    clientId: [15, text],
    sequenceClientId: [16, text],
    tags: [19, list(text)],
    digestAlgorithm: [20, text],
  },
);

const artifact: Codec<ArtifactRecord> = {
  read(reader) {
    const { manifest: stored, digestAlgorithm: _, ...rest } = storedArtifact.read(reader, undefined);
    const { files, manifestFile } = stored;
    return { ...rest, files, ...(manifestFile === undefined ? {} : { manifestFile }) };
  },
  write(writer, field, { files, manifestFile: _, ...rest }) {
    storedArtifact.write(writer, field, {
      ...rest,
      manifest: {
        version: 1,
        storagePolicy: "wandb-storage-policy-v1",
        storagePolicyConfig: { key: "storageLayout", value: `"V2"` },
        files,
      },
      digestAlgorithm: "MANIFEST_MD5",
    });
  },
};

const runFile = message((): RunFile => ({ path: "", policy: "now", type: "other" }), {
  path: [1, text],
  policy: [2, enumeration(["now", "end", "live"])],
  type: [3, enumeration(["other", "wandb", "media", "artifact"])],
});

const NO_HEADER = { producer: "", minConsumer: "" };

/** Field number and layout of each kind of record. */
const KINDS = {
  history: [
    2,
    message((): Content<"history"> => ({ items: [] }), {
      items: [1, list(entry)],
      step: [2, boxed(integer, 0)],
    }),
  ],
  summary: [3, changes],
  config: [5, changes],
  files: [6, message((): Content<"files"> => ({ files: [] }), { files: [1, list(runFile)] })],
  stats: [
    7,
    message((): Content<"stats"> => ({ timestamp: 0, items: [] }), {
      timestamp: [2, time],
      items: [3, list(metric)],
    }),
  ],
  artifact: [8, under("artifact", artifact)],
  output: [
    OUTPUT,
    message((): Content<"output"> => ({ stream: "stderr", timestamp: 0, text: "" }), {
      stream: [1, enumeration(["stderr", "stdout"])],
      timestamp: [2, time],
      text: [3, text],
    }),
  ],
  run: [17, under("run", run)],
  exit: [
    18,
    message((): Content<"exit"> => ({ exitCode: 0, runtime: 0 }), {
      exitCode: [1, integer],
      runtime: [2, integer],
    }),
  ],
  header: [
    21,
    boxed(
      message(() => ({ ...NO_HEADER }), { producer: [1, text], minConsumer: [2, text] }),
      NO_HEADER,
    ),
  ],
  footer: [22, message(() => ({}), {})],
} as const satisfies { readonly [Name in KnownRecord["kind"]]: readonly [number, Codec<Content<Name>>] };

const BY_FIELD = new Map(
  Object.entries(KINDS).map(([kind, entry]) => {
    const [field, codec] = entry as Kind;
    return [field, (reader: BinaryReader) => ({ ...codec.read(reader, undefined), kind }) as KnownRecord];
  }),
);

/** A value that is the only member of its record. */
function under<Name extends string, T>(name: Name, codec: Codec<T>): Codec<{ readonly [N in Name]: T }> {
  return {
    read: (reader) => ({ [name]: codec.read(reader, undefined) }) as { readonly [N in Name]: T },
    write: (writer, field, value) => codec.write(writer, field, value[name]),
  };
}
