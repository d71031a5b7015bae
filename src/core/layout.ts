/**
 * The table that the core returns after each call: pairs of address and length. `table.ts` is made with the
 * core and says what they are.
 */
import {
  EVENT_NUMBERS,
  KIND,
  PRESENT,
  STATS,
  TRAINING_COLUMNS,
  VALIDATION_COLUMNS,
  WIDTHS,
} from "./table.js";

export { KIND, PRESENT, TRAINING_COLUMNS, VALIDATION_COLUMNS };

/** The core's memory. No view of it may outlive the call that made it: any parser of the thread may make it grow. */
export interface TableMemory {
  readonly memory: { readonly buffer: ArrayBufferLike };
}

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

/** The names of the counts, which are the first of the statistics. */
const COUNTS = STATS.slice(0, -1);
/** What is counted of nothing. */
export const NO_COUNTS = Object.fromEntries(COUNTS.map((name) => [name, 0])) as unknown as Counts;

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
  /** Copies what lies in the core's memory, and returns the bytes of all columns. */
  keep(): number;
}

/** The rows of a table. */
export type Rows = Pick<Views, "order" | "training" | "validation">;

/** The place of the CSV text, which is not packed. */
export const CSV = WIDTHS.length - 1;
type EventNumber = (typeof EVENT_NUMBERS)[number];
const decoder = new TextDecoder();

/** Reads a table that {@link packTable} packed; the views are of `packed`. */
export function readViews(packed: Uint8Array): Views {
  const { buffer } = packed;
  const table = new Uint32Array(buffer, 0, CSV * 2);
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
    ...readStatistics(stats),
    events: readEvents(eventNumbers, textBytes, textEnds),
    keep: () => packed.byteLength,
  };
}

/** How many rows and events the table tells of. */
export function tableLength(core: TableMemory, address: number): number {
  return new Uint32Array(core.memory.buffer, address, 2)[1] ?? 0;
}

/** A copy of the table and of all that it points to, in one buffer that may go to another thread. */
export function packTable(core: TableMemory, address: number): Uint8Array {
  const { buffer } = core.memory;
  const table = new Uint32Array(buffer, address, CSV * 2);
  const head = new Uint32Array(CSV * 2);
  let end = head.byteLength;
  const parts = WIDTHS.slice(0, CSV).map((width, entry) => {
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

/** The CSV text that the core formatted last, in the core's memory. */
export function viewCsv(core: TableMemory, address: number): Uint8Array {
  const [at = 0, length = 0] = new Uint32Array(core.memory.buffer, address + CSV * 8, 2);
  return new Uint8Array(core.memory.buffer, at, length);
}

export function readEvents(numbers: Float64Array, bytes: Uint8Array, ends: Uint32Array): LogEvent[] {
  const events: LogEvent[] = [];
  let text = 0;
  let start = 0;
  for (let at = 0; at < numbers.length; at += EVENT_NUMBERS.length) {
    const event = {} as Record<EventNumber, number>;
    let index = at;
    for (const name of EVENT_NUMBERS) event[name] = numbers[index++] ?? 0;
    const texts: string[] = [];
    while (texts.length < event.texts) {
      const end = ends[text++] ?? 0;
      texts.push(decoder.decode(bytes.subarray(start, end)));
      start = end;
    }
    events.push({ ...event, texts });
  }
  return events;
}

/** The statistics of a table. */
export function readStatistics(stats: Float64Array): Pick<Views, "counts" | "trainingPresent"> {
  const counts = Object.fromEntries(COUNTS.map((name, index) => [name, stats[index]])) as unknown as Counts;
  return { counts, trainingPresent: stats[COUNTS.length] ?? 0 };
}

/** What was counted, of a table in the core's memory. */
export function readCounts(core: TableMemory, address: number): Counts {
  const [at, length] = new Uint32Array(core.memory.buffer, address + (CSV - 1) * 8, 2);
  return readStatistics(new Float64Array(core.memory.buffer, at, length)).counts;
}
