/**
 * Parquet: columns of one row group as bytes, and the frame of a file that such bytes are put into.
 *
 * Encodings and the file's metadata are the library's. Its writer for whole files is not used: it takes a value at a
 * time, and four times as long as the reading of the log.
 */
import { ByteWriter, type SchemaElement } from "hyparquet-writer";
import { writePageHeader } from "hyparquet-writer/src/datapage.js";
import { deltaBinaryPack } from "hyparquet-writer/src/delta.js";
import { writeRleBitPackedHybrid } from "hyparquet-writer/src/encoding.js";
import { writeMetadata } from "hyparquet-writer/src/metadata.js";
import { writePlain } from "hyparquet-writer/src/plain.js";
import { serializeTCompactProtocol } from "hyparquet-writer/src/thrift.js";
import { unconvertMinMax } from "hyparquet-writer/src/unconvert.js";
import type { Column, ColumnType } from "./columns.js";
import type { Compressor } from "./compression.js";
import { packDeltas } from "./pack-deltas.js";
import {
  type Bound,
  type Bounds,
  boundsOfNumbers,
  boundsOfTexts,
  joinBounds,
  textRanks,
} from "./parquet-bounds.js";

/** The values of a column. */
export interface ColumnValues {
  /** Those of the rows that have one; texts by their index in `dictionary`; of metrics, those of all of their entries. */
  readonly values: Float64Array;
  /** For each row, 1 if it has a value, else 0; absent if every row has one. */
  readonly present?: Uint8Array | undefined;
  readonly dictionary?: readonly string[];
  /** Of metrics only: how many entries each row has, and the names of the entries by their index in `dictionary`. */
  readonly entries?: { readonly sizes: Uint32Array; readonly names: Float64Array };
}

/** A column with its values; without them, no row has one. */
export type FilledColumn = Column & { readonly values: ColumnValues | undefined };

/** A page of a column chunk. */
interface PageFacts extends Bounds {
  readonly bytes: number;
  readonly rows: number;
  /** Values and places that lack one. */
  readonly slots: number;
  readonly nulls: number;
}

/** A leaf of a column in one row group, wherever its bytes lie. Counts are in bytes. It is plain data: JSON keeps it. */
export interface ColumnChunk extends Bounds {
  /** Its column, then what is inside of that. */
  readonly path: readonly string[];
  /** Where it starts in the file that holds it. */
  readonly offset: number;
  readonly bytes: number;
  /** Before compression. */
  readonly plainBytes: number;
  /** Where its data starts, counted from its own start: after the dictionary, if it has one. */
  readonly data: number;
  readonly encodings: readonly Encoding[];
  readonly codec: Codec;
  /** Values and places that lack one. */
  readonly slots: number;
  readonly nulls: number;
  readonly pages: readonly PageFacts[];
}

/** A part of the table's rows. */
export interface RowGroup {
  readonly rows: number;
  /** Columns that no row has may be left out. */
  readonly columns: readonly ColumnChunk[];
  /** The columns by which the rows are sorted, the first first; empty if they are not. */
  readonly sortedBy: readonly string[];
}

/** What the metadata of a file says besides its columns. */
export interface FileFacts {
  /** Name and version of the program that writes the file. */
  readonly program: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** What files call the program, in the form by which readers know the faults of writers. */
export function programName(version: string): string {
  return `marian-tracking version ${version}`;
}

type Metadata = Parameters<typeof writeMetadata>[1];
type MetadataColumn = Metadata["row_groups"][number]["columns"][number];
type ChunkMetadata = NonNullable<MetadataColumn["meta_data"]>;
type Encoding = ChunkMetadata["encodings"][number];
type Codec = ChunkMetadata["codec"];
type PhysicalType = "BYTE_ARRAY" | "INT64" | "DOUBLE" | "BOOLEAN";

/** Rows of a page: what a reader skips at once. */
const PAGE = 1 << 14;

/** Compressed pages that are not smaller by so much are not worth the reader's time. */
const WORTH = 0.95;

const PHYSICAL: Readonly<Record<Exclude<ColumnType, "metrics">, PhysicalType>> = {
  text: "BYTE_ARRAY",
  count: "INT64",
  epoch: "DOUBLE",
  float: "DOUBLE",
  timestamp: "INT64",
  boolean: "BOOLEAN",
};

const TEXT = { converted_type: "UTF8", logical_type: { type: "STRING" } } as const;

/** What a physical type stands for, if that is not itself. */
const LOGICAL: Partial<Record<ColumnType, Partial<SchemaElement>>> = {
  text: TEXT,
  timestamp: {
    converted_type: "TIMESTAMP_MICROS",
    logical_type: { type: "TIMESTAMP", isAdjustedToUTC: true, unit: "MICROS" },
  },
};

/** What a file starts with. */
export const HEAD = new TextEncoder().encode("PAR1");

/** What is inside of a column of metrics, as the format defines it. */
const ENTRY = "key_value";
const NAME: SchemaElement = { name: "key", type: "BYTE_ARRAY", repetition_type: "REQUIRED", ...TEXT };
const VALUE: SchemaElement = { name: "value", type: "DOUBLE", repetition_type: "REQUIRED" };

function elementsOf({ name, type, optional }: Column): SchemaElement[] {
  const repetition_type = optional ? "OPTIONAL" : "REQUIRED";
  if (type !== "metrics") return [{ name, type: PHYSICAL[type], repetition_type, ...LOGICAL[type] }];
  return [
    { name, repetition_type, num_children: 1, converted_type: "MAP", logical_type: { type: "MAP" } },
    { name: ENTRY, repetition_type: "REPEATED", num_children: 2 },
    NAME,
    VALUE,
  ];
}

function schemaOf(columns: readonly Column[]): SchemaElement[] {
  return [{ name: "table", num_children: columns.length }, ...columns.flatMap(elementsOf)];
}

/** How a row group is encoded. */
export interface RowGroupOptions {
  readonly compressor: Compressor;
  /** Columns that every row has; if the rows are sorted by them, the first first, the file says so. */
  readonly order?: readonly string[];
}

/**
 * Encodes columns as one row group whose bytes start at `offset` of a file. A column without values is one that no
 * row has.
 *
 * @param push Takes the bytes chunk by chunk; a chunk holds until the call returns.
 */
export function encodeRowGroup(
  columns: readonly FilledColumn[],
  rows: number,
  offset: number,
  { compressor, order = [] }: RowGroupOptions,
  push: (bytes: Uint8Array) => void,
): RowGroup {
  let at = offset;
  const chunks = columns.flatMap((column) =>
    leavesOf(column, rows).map((leaf) => {
      const chunk = encodeLeaf(leaf, at, compressor, push);
      at += chunk.bytes;
      return chunk;
    }),
  );
  return { rows, columns: chunks, sortedBy: isSorted(columns, rows, order) ? order : [] };
}

function isSorted(columns: readonly FilledColumn[], rows: number, order: readonly string[]): boolean {
  const keys = order.map((name) => {
    const values = columns.find((column) => column.name === name)?.values;
    const ranks = values?.dictionary === undefined ? undefined : textRanks(values.dictionary);
    const all = values?.values ?? new Float64Array(rows);
    return ranks === undefined ? all : all.map((index) => ranks[index] ?? 0);
  });
  // Rows that are alike in the first columns are compared by the next.
  const isBehind = (row: number, at: number): boolean => {
    const key = keys[at];
    if (key === undefined) return false;
    const before = key[row - 1] ?? 0;
    const value = key[row] ?? 0;
    return before > value || (before === value && isBehind(row, at + 1));
  };
  for (let row = 1; row < rows; row += 1) if (isBehind(row, 0)) return false;
  return true;
}

/** One column of values as the format knows it: a row may have several, or none. */
interface Leaf {
  readonly path: readonly string[];
  readonly type: Exclude<ColumnType, "metrics">;
  readonly values: Float64Array;
  readonly dictionary: readonly string[] | undefined;
  readonly pages: readonly LeafPage[];
}

/** Which of the leaf's values are in a page, and where they belong. */
interface LeafPage {
  readonly rows: number;
  readonly first: number;
  readonly end: number;
  /** Which slots have a value; undefined if the column is required. */
  readonly definition: Uint8Array | undefined;
  readonly definitionWidth: number;
  /** Which slots continue a row; undefined if a row has one slot. */
  readonly repetition: Uint8Array | undefined;
}

function leavesOf({ name, type, optional, values }: FilledColumn, rows: number): Leaf[] {
  if (type !== "metrics") {
    const column = values ?? { values: new Float64Array(0), present: new Uint8Array(rows) };
    if (!optional && column.values.length < rows) throw new Error(`some rows lack ${name}`);
    const pages = flatPages(optional ? (column.present ?? new Uint8Array(rows).fill(1)) : undefined, rows);
    const physical =
      type === "timestamp" ? column.values.map((millis) => Math.round(millis * 1000)) : column.values;
    return [{ path: [name], type, values: physical, dictionary: column.dictionary, pages }];
  }
  const { sizes, names } = values?.entries ?? { sizes: new Uint32Array(rows), names: new Float64Array(0) };
  const pages = entryPages(sizes);
  const leaf = { pages, dictionary: undefined };
  return [
    { ...leaf, path: [name, ENTRY, NAME.name], type: "text", values: names, dictionary: values?.dictionary },
    {
      ...leaf,
      path: [name, ENTRY, VALUE.name],
      type: "float",
      values: values?.values ?? new Float64Array(0),
    },
  ];
}

function flatPages(present: Uint8Array | undefined, rows: number): LeafPage[] {
  const pages: LeafPage[] = [];
  for (let from = 0, first = 0; from < rows; from += PAGE) {
    const to = Math.min(rows, from + PAGE);
    const definition = present?.subarray(from, to);
    let end = first + to - from;
    for (let row = 0; definition !== undefined && row < definition.length; row += 1)
      if (definition[row] === 0) end -= 1;
    pages.push({ rows: to - from, first, end, definition, definitionWidth: 1, repetition: undefined });
    first = end;
  }
  return pages;
}

/** Pages of metrics: a row without any has one slot that says so. */
function entryPages(sizes: Uint32Array): LeafPage[] {
  const pages: LeafPage[] = [];
  for (let from = 0, first = 0; from < sizes.length; from += PAGE) {
    const some = sizes.subarray(from, from + PAGE);
    let [slots, end] = [0, first];
    for (const size of some) {
      slots += Math.max(1, size);
      end += size;
    }
    const definition = new Uint8Array(slots);
    const repetition = new Uint8Array(slots);
    let at = 0;
    for (const size of some) {
      if (size > 0) {
        definition.fill(2, at, at + size);
        repetition.fill(1, at + 1, at + size);
      }
      at += Math.max(1, size);
    }
    pages.push({ rows: some.length, first, end, definition, definitionWidth: 2, repetition });
    first = end;
  }
  return pages;
}

function encodeLeaf(
  leaf: Leaf,
  offset: number,
  { codec, compress }: Compressor,
  push: (bytes: Uint8Array) => void,
): ColumnChunk {
  const physical = PHYSICAL[leaf.type];
  let [bytes, plainBytes, isCompressed] = [0, 0, false];
  const write = (part: Uint8Array, plain = part.length) => {
    push(part);
    bytes += part.length;
    plainBytes += plain;
  };
  const coded = codedValues(leaf);
  if (coded.dictionary !== undefined) {
    const page = dictionaryPage(coded.dictionary, physical, compress);
    write(page.bytes, page.plain);
    isCompressed = compress !== undefined;
  }
  const data = bytes;
  const boundsOf = leaf.dictionary === undefined ? boundsOfNumbers : boundsOfTexts(leaf.dictionary);
  /** Whether pages up to now were worth it; random digits are not, and trying takes time. */
  let isTried = compress !== undefined;
  const pages = leaf.pages.map((page): PageFacts => {
    const before = bytes;
    const values = coded.encode(page.first, page.end);
    const packed = isTried ? compress?.(values) : undefined;
    const isPacked = packed !== undefined && packed.length < WORTH * values.length;
    isTried &&= isPacked || values.length < 1024;
    isCompressed ||= isPacked;
    const levels = new ByteWriter();
    if (page.repetition !== undefined) writeRleBitPackedHybrid(levels, page.repetition, 1);
    const repetitionBytes = levels.offset;
    if (page.definition !== undefined) writeRleBitPackedHybrid(levels, page.definition, page.definitionWidth);
    const slots = page.definition?.length ?? page.rows;
    const nulls = slots - (page.end - page.first);
    const body = isPacked ? packed : values;
    const head = new ByteWriter();
    writePageHeader(head, {
      type: "DATA_PAGE_V2",
      uncompressed_page_size: levels.offset + values.length,
      compressed_page_size: levels.offset + body.length,
      data_page_header_v2: {
        num_values: slots,
        num_nulls: nulls,
        num_rows: page.rows,
        encoding: coded.encoding,
        definition_levels_byte_length: levels.offset - repetitionBytes,
        repetition_levels_byte_length: repetitionBytes,
        is_compressed: isPacked,
      },
    });
    write(head.getBytes());
    write(levels.getBytes());
    write(body, values.length);
    const found = boundsOf(leaf.values.subarray(page.first, page.end));
    return { bytes: bytes - before, rows: page.rows, slots, nulls, ...found };
  });
  const slots = pages.reduce((sum, page) => sum + page.slots, 0);
  return {
    path: leaf.path,
    offset,
    bytes,
    plainBytes,
    data,
    encodings: coded.dictionary === undefined ? [coded.encoding] : ["PLAIN", coded.encoding],
    codec: isCompressed ? codec : "UNCOMPRESSED",
    slots,
    nulls: slots - leaf.values.length,
    pages,
    ...joinBounds(pages, leaf.type === "text"),
  };
}

/** How the values of a leaf are encoded. */
interface CodedValues {
  readonly encoding: Encoding;
  readonly dictionary?: readonly string[] | Float64Array;
  /** The bytes of some values; they hold until the next call. */
  encode(first: number, end: number): Uint8Array;
}

/** Takes the encoded values of one page after the other. */
const scratch = new ByteWriter();

function cleared(): ByteWriter {
  scratch.offset = 0;
  scratch.index = 0;
  return scratch;
}

function codedValues({ type, values, dictionary }: Leaf): CodedValues {
  if (dictionary !== undefined && dictionary.length > 0) return codedIndexes(values, dictionary);
  if (type === "count" || type === "timestamp") {
    return {
      encoding: "DELTA_BINARY_PACKED",
      encode: (first, end) => {
        const some = values.subarray(first, end);
        const packed = packDeltas(some);
        if (packed !== undefined) return packed;
        const writer = cleared();
        deltaBinaryPack(writer, some, "INT64");
        return writer.getBytes();
      },
    };
  }
  if (type === "boolean") {
    const encode = (first: number, end: number) => {
      const writer = cleared();
      writePlain(writer, Array.from(values.subarray(first, end), Boolean), "BOOLEAN", undefined);
      return writer.getBytes();
    };
    return { encoding: "PLAIN", encode };
  }
  const repeated = repeatedNumbers(values);
  if (repeated !== undefined) return codedIndexes(repeated.indexes, repeated.numbers);
  // Machines on which Node runs keep floats as the format does.
  return {
    encoding: "PLAIN",
    encode: (first, end) => new Uint8Array(values.buffer, values.byteOffset + 8 * first, 8 * (end - first)),
  };
}

function codedIndexes(indexes: Float64Array, dictionary: readonly string[] | Float64Array): CodedValues {
  const width = Math.ceil(Math.log2(dictionary.length));
  return {
    encoding: "RLE_DICTIONARY",
    dictionary,
    encode: (first, end) => {
      const writer = cleared();
      writer.appendUint8(width);
      writeRleBitPackedHybrid(writer, indexes.subarray(first, end), width);
      return writer.getBytes();
    },
  };
}

/** Different numbers that a dictionary may have. */
const DICTIONARY = 1 << 12;
/** So many values show whether numbers repeat. */
const SAMPLE = 1 << 11;

/** The different numbers of a column, and which of them each value is; undefined if they repeat too seldom. */
function repeatedNumbers(
  values: Float64Array,
): { readonly numbers: Float64Array; readonly indexes: Float64Array } | undefined {
  const known = new Map<number, number>();
  const indexes = new Float64Array(values.length);
  for (let at = 0; at < values.length; at += 1) {
    const value = values[at] ?? 0;
    let index = known.get(value);
    if (index === undefined) {
      // A map takes -0 for 0.
      if (known.size === DICTIONARY || Object.is(value, -0)) return undefined;
      index = known.size;
      known.set(value, index);
    }
    indexes[at] = index;
    if (at === SAMPLE && known.size > SAMPLE / 2) return undefined;
  }
  const numbers = Float64Array.from(known.keys());
  return 4 * numbers.length > values.length ? undefined : { numbers, indexes };
}

function dictionaryPage(
  dictionary: readonly string[] | Float64Array,
  type: PhysicalType,
  compress: ((bytes: Uint8Array) => Uint8Array) | undefined,
): { readonly bytes: Uint8Array; readonly plain: number } {
  const values = new ByteWriter();
  writePlain(values, [...dictionary], type, undefined);
  const plain = values.getBytes();
  const packed = compress?.(plain) ?? plain;
  const page = new ByteWriter();
  writePageHeader(page, {
    type: "DICTIONARY_PAGE",
    uncompressed_page_size: plain.length,
    compressed_page_size: packed.length,
    dictionary_page_header: { num_values: dictionary.length, encoding: "PLAIN" },
  });
  const head = page.offset;
  page.appendBytes(packed);
  return { bytes: page.getBytes(), plain: head + plain.length };
}

/** What stands after the row groups of a file. */
export class ParquetFrame {
  readonly #columns: readonly Column[];
  readonly #facts: FileFacts;
  readonly #groups: RowGroup[] = [];

  constructor(columns: readonly Column[], facts: FileFacts) {
    this.#columns = columns;
    this.#facts = facts;
  }

  /** Adds a row group with all columns of the table, whose bytes are moved by `shift` to where they are in this file. */
  add(group: RowGroup, shift = 0): void {
    const columns = group.columns.map((chunk) => ({ ...chunk, offset: chunk.offset + shift }));
    this.#groups.push({ ...group, columns });
  }

  /** What the file ends with, at this offset: the indexes of pages, then the metadata. */
  foot(offset: number): Uint8Array {
    const elements = new Map<string, SchemaElement>();
    for (const column of this.#columns) {
      for (const element of elementsOf(column).filter(({ type }) => type !== undefined)) {
        const path = column.type === "metrics" ? [column.name, ENTRY, element.name] : [column.name];
        elements.set(path.join("."), element);
      }
    }
    const leaf = ({ path }: ColumnChunk) => elements.get(path.join(".")) as SchemaElement;
    const writer = new ByteWriter();
    const groups = this.#groups.map((group) => ({
      ...group,
      chunks: group.columns.map((chunk) => ({ chunk, element: leaf(chunk), place: {} as MetadataColumn })),
    }));
    const chunks = groups.flatMap((group) => group.chunks);
    for (const { chunk, element, place } of chunks) {
      const start = writer.offset;
      if (!writeColumnIndex(writer, chunk, element)) continue;
      place.column_index_offset = BigInt(offset + start);
      place.column_index_length = writer.offset - start;
    }
    for (const { chunk, place } of chunks) {
      const start = writer.offset;
      writeOffsetIndex(writer, chunk);
      place.offset_index_offset = BigInt(offset + start);
      place.offset_index_length = writer.offset - start;
    }
    const names = this.#columns.flatMap(({ name, type }) => (type === "metrics" ? [name, ""] : [name]));
    const { program, metadata = {} } = this.#facts;
    writeMetadata(writer, {
      version: 2,
      created_by: program,
      schema: schemaOf(this.#columns),
      num_rows: BigInt(this.#groups.reduce((sum, { rows }) => sum + rows, 0)),
      row_groups: groups.map(({ rows, chunks: placed, sortedBy }) => ({
        columns: placed.map(({ chunk, element, place }) => ({ ...columnMetadata(chunk, element), ...place })),
        total_byte_size: BigInt(placed.reduce((sum, { chunk }) => sum + chunk.plainBytes, 0)),
        total_compressed_size: BigInt(placed.reduce((sum, { chunk }) => sum + chunk.bytes, 0)),
        num_rows: BigInt(rows),
        ...(sortedBy.length === 0
          ? {}
          : {
              sorting_columns: sortedBy.map((name) => ({
                column_idx: names.indexOf(name),
                descending: false,
                nulls_first: false,
              })),
            }),
      })),
      key_value_metadata: Object.entries(metadata).map(([key, value]) => ({ key, value })),
      // Known to the reader of a file, not to its writer.
      metadata_length: 0,
    });
    writer.appendBytes(HEAD);
    return writer.getBytes();
  }
}

/** The bounds of pages; returns false if a page has values without bounds: they are not numbers. */
function writeColumnIndex(writer: ByteWriter, { pages }: ColumnChunk, element: SchemaElement): boolean {
  const isEmpty = ({ min }: PageFacts) => min === undefined;
  if (pages.some((page) => isEmpty(page) && page.nulls < page.slots)) return false;
  const bytes = (bound: Bound | undefined, isMax: boolean) =>
    (bound === undefined
      ? undefined
      : unconvertMinMax(physicalBound(bound, element, isMax), element, isMax)) ?? new Uint8Array(0);
  serializeTCompactProtocol(writer, {
    field_1: pages.map(isEmpty),
    field_2: pages.map(({ min }) => bytes(min, false)),
    field_3: pages.map(({ max }) => bytes(max, true)),
    // Unordered.
    field_4: 0,
    field_5: pages.map(({ nulls }) => BigInt(nulls)),
  });
  return true;
}

function writeOffsetIndex(writer: ByteWriter, { offset, data, pages }: ColumnChunk): void {
  let [at, row] = [offset + data, 0];
  const locations = pages.map(({ bytes, rows }) => {
    const location = { field_1: BigInt(at), field_2: bytes, field_3: BigInt(row) };
    at += bytes;
    row += rows;
    return location;
  });
  serializeTCompactProtocol(writer, { field_1: locations });
}

/** A bound as the format wants it: zeros of both signs are between -0 and 0. */
function physicalBound(bound: Bound, { type }: SchemaElement, isMax: boolean): Bound {
  if (bound === 0) return isMax ? 0 : -0;
  return type === "DOUBLE" ? Number(bound) : bound;
}

function columnMetadata(chunk: ColumnChunk, element: SchemaElement): MetadataColumn {
  const { type = "DOUBLE" } = element;
  const { path, offset, bytes, plainBytes, data, encodings, codec, slots, nulls, min, max } = chunk;
  const bounds =
    min === undefined || max === undefined
      ? {}
      : { min_value: physicalBound(min, element, false), max_value: physicalBound(max, element, true) };
  return {
    file_offset: BigInt(offset),
    meta_data: {
      type,
      encodings: [...encodings],
      path_in_schema: [...path],
      codec,
      num_values: BigInt(slots),
      total_compressed_size: BigInt(bytes),
      total_uncompressed_size: BigInt(plainBytes),
      data_page_offset: BigInt(offset + data),
      ...(data > 0 ? { dictionary_page_offset: BigInt(offset) } : {}),
      statistics: { null_count: BigInt(nulls), ...bounds },
    },
  };
}
