/**
 * The table that the core hands over after each call: pairs of address and length, in this order. It is the
 * counterpart of `table` in `crates/marian-log-wasm`.
 */

/** The core's memory. No view of it may outlive the call that made it: any parser of the thread may make it grow. */
export interface TableMemory {
  readonly memory: { readonly buffer: ArrayBufferLike };
}

/** Columns of training rows, all `Float64Array`; absent values lack their bit in `present`. */
export const TRAINING_COLUMNS = [
  "line",
  "offset",
  "segment",
  "timestamp",
  "epoch",
  "up",
  "sen",
  "cost",
  "labels",
  "batch_labels",
  "total_labels",
  "time",
  "rate",
  "gnorm",
  "learning_rate",
] as const;

/** Columns of validation rows, all `Float64Array`; `metric` is an index into the parser's metric names. */
export const VALIDATION_COLUMNS = [
  "line",
  "offset",
  "segment",
  "timestamp",
  "epoch",
  "up",
  "metric",
  "value",
  "stalled",
  "best",
] as const;

/** Bits of the `present` columns. */
export const PRESENT = {
  timestamp: 1 << 0,
  /** The time is UTC; without this bit it is the clock of an unknown zone, read as UTC. */
  utc: 1 << 1,
  labels: 1 << 2,
  batch_labels: 1 << 3,
  total_labels: 1 << 4,
  time: 1 << 5,
  rate: 1 << 6,
  gnorm: 1 << 7,
  learning_rate: 1 << 8,
  epoch: 1 << 9,
  stalled: 1 << 10,
  best: 1 << 11,
  up: 1 << 12,
} as const;

/** What the parser has counted since the log's start. */
export interface Counts {
  bytes: number;
  lines: number;
  training: number;
  /** Validation records, one a metric. */
  validation: number;
  patterns: number;
  /** Lines that look like a measurement and could not be read. */
  unmatched: number;
  /** Lines over 1 MiB, of which only that much was read. */
  overlong: number;
  /** Starts of Marian. */
  starts: number;
}

/** What is counted of nothing. */
export const NO_COUNTS: Counts = {
  bytes: 0,
  lines: 0,
  training: 0,
  validation: 0,
  patterns: 0,
  unmatched: 0,
  overlong: 0,
  starts: 0,
};

/** Numbers of one event in the events' column. */
const EVENT = 7;
/** Kinds in the order column: the next training row, the next validation row, or an event of this kind. */
export const KIND = { training: 0, validation: 1, segment: 2, unmatched: 3, pattern: 4, mark: 5 } as const;

/** A rare finding: a start of Marian, an unmatched line, a match of a user pattern, a mark. */
export interface LogEvent {
  kind: number;
  line: number;
  segment: number;
  /** Milliseconds; see `present`. */
  timestamp: number;
  up: number;
  present: number;
  texts: string[];
}

/** Columns by name. */
export type Columns<Name extends string> = { readonly [Key in Name]: Float64Array } & {
  readonly present: Uint32Array;
  readonly length: number;
};

/** The views of one packed table. */
export interface Views {
  readonly order: Uint8Array;
  readonly training: Columns<(typeof TRAINING_COLUMNS)[number]>;
  readonly validation: Columns<(typeof VALIDATION_COLUMNS)[number]>;
  /** All bits of `training.present`, or-ed. */
  readonly trainingPresent: number;
  readonly events: readonly LogEvent[];
  readonly counts: Counts;
}

const ENTRIES = 1 + TRAINING_COLUMNS.length + 1 + VALIDATION_COLUMNS.length + 1 + 5;
/** Bytes of one element of each entry. The CSV text, which is last, is not packed. */
const WIDTHS: readonly number[] = [
  1,
  ...TRAINING_COLUMNS.map(() => 8),
  4,
  ...VALIDATION_COLUMNS.map(() => 8),
  4,
  8,
  1,
  4,
  8,
];
const decoder = new TextDecoder();

/** Reads a table that {@link packTable} packed; the views are of `packed`. */
export function readViews(packed: Uint8Array): Views {
  const { buffer } = packed;
  const table = new Uint32Array(buffer, 0, ENTRIES * 2);
  let entry = 0;
  const next = <View>(make: (address: number, length: number) => View): View => {
    const view = make(table[entry * 2] ?? 0, table[entry * 2 + 1] ?? 0);
    entry += 1;
    return view;
  };
  const floats = (at: number, length: number) => new Float64Array(buffer, length === 0 ? 0 : at, length);
  const integers = (at: number, length: number) => new Uint32Array(buffer, length === 0 ? 0 : at, length);
  const bytes = (at: number, length: number) => new Uint8Array(buffer, at, length);
  const columns = <Name extends string>(names: readonly Name[]): Columns<Name> => {
    const entries = names.map((name) => [name, next(floats)] as const);
    const present = next(integers);
    return { ...Object.fromEntries(entries), present, length: present.length } as Columns<Name>;
  };
  const order = next(bytes);
  const training = columns(TRAINING_COLUMNS);
  const validation = columns(VALIDATION_COLUMNS);
  const eventNumbers = next(floats);
  const textBytes = next(bytes);
  const textEnds = next(integers);
  const stats = next(floats);
  return {
    order,
    training,
    validation,
    trainingPresent: stats[8] ?? 0,
    events: readEvents(eventNumbers, textBytes, textEnds),
    counts: readCounts(stats),
  };
}

/** How many rows and events the table tells of. */
export function tableLength(core: TableMemory, address: number): number {
  return new Uint32Array(core.memory.buffer, address, 2)[1] ?? 0;
}

/** A copy of the table and of all that it points to, in one buffer that may go to another thread. */
export function packTable(core: TableMemory, address: number): Uint8Array {
  const { buffer } = core.memory;
  const table = new Uint32Array(buffer, address, ENTRIES * 2);
  const head = new Uint32Array(ENTRIES * 2);
  let end = head.byteLength;
  const parts = WIDTHS.map((width, entry) => {
    const length = table[entry * 2 + 1] ?? 0;
    const place = end;
    head.set([place, length], entry * 2);
    // Every entry starts where numbers of 8 bytes may lie.
    end += Math.ceil((length * width) / 8) * 8;
    return { place, from: new Uint8Array(buffer, table[entry * 2], length * width) };
  });
  const packed = new Uint8Array(end);
  packed.set(new Uint8Array(head.buffer));
  for (const { place, from } of parts) packed.set(from, place);
  return packed;
}

/** A copy of the CSV text that the core formatted last. */
export function readCsv(core: TableMemory, address: number): Uint8Array {
  const [at = 0, length = 0] = new Uint32Array(core.memory.buffer, address + (ENTRIES - 1) * 8, 2);
  return new Uint8Array(core.memory.buffer, at, length).slice();
}

function readEvents(numbers: Float64Array, bytes: Uint8Array, ends: Uint32Array): LogEvent[] {
  const events: LogEvent[] = [];
  let text = 0;
  let start = 0;
  for (let at = 0; at < numbers.length; at += EVENT) {
    const [kind = 0, line = 0, segment = 0, timestamp = 0, up = 0, present = 0, count = 0] =
      numbers.subarray(at);
    const texts: string[] = [];
    for (let index = 0; index < count; index += 1) {
      const end = ends[text] ?? start;
      texts.push(decoder.decode(bytes.subarray(start, end)));
      start = end;
      text += 1;
    }
    events.push({ kind, line, segment, timestamp, up, present, texts });
  }
  return events;
}

function readCounts(stats: Float64Array): Counts {
  const [
    bytes = 0,
    lines = 0,
    training = 0,
    validation = 0,
    patterns = 0,
    unmatched = 0,
    overlong = 0,
    starts = 0,
  ] = stats;
  return { bytes, lines, training, validation, patterns, unmatched, overlong, starts };
}
