/**
 * Parquet: columns of one row group as bytes, and the frame of a file that such bytes are put into.
 *
 * Encodings and the file's metadata are the library's. Its writer for whole files is not used: it takes a value at a
 * time, and four times as long as the reading of the log.
 */
import { ByteWriter, type SchemaElement } from "hyparquet-writer";
import { writePageHeader } from "hyparquet-writer/src/datapage.js";
import { deltaBinaryPack } from "hyparquet-writer/src/delta.js";
import { useDictionary } from "hyparquet-writer/src/dictionary.js";
import { writeRleBitPackedHybrid } from "hyparquet-writer/src/encoding.js";
import { writeMetadata } from "hyparquet-writer/src/metadata.js";
import { writePlain } from "hyparquet-writer/src/plain.js";
import type { Column, ColumnType } from "./columns.js";

/** The values of a column. */
export interface ColumnValues {
  /** Those of the rows that have one; texts by their index in `dictionary`. */
  readonly values: Float64Array;
  /** For each row, 1 if it has a value, else 0; absent if every row has one. */
  readonly present?: Uint8Array | undefined;
  readonly dictionary?: readonly string[];
}

/** A column of one row group, wherever its bytes lie. Counts are in bytes. */
export interface ColumnChunk {
  readonly name: string;
  /** Where it starts in the file that holds it. */
  readonly offset: number;
  readonly bytes: number;
  /** Where its data starts, counted from its own start: after the dictionary, if it has one. */
  readonly data: number;
  readonly encodings: readonly Encoding[];
}

/** A part of the table's rows. */
export interface RowGroup {
  readonly rows: number;
  /** Columns that no row has are left out. */
  readonly columns: readonly ColumnChunk[];
}

type Metadata = Parameters<typeof writeMetadata>[1];
type MetadataColumn = Metadata["row_groups"][number]["columns"][number];
type LibraryValues = Parameters<typeof deltaBinaryPack>[1];
type PhysicalType = "BYTE_ARRAY" | "INT64" | "DOUBLE";
type Encoding = NonNullable<MetadataColumn["meta_data"]>["encodings"][number];

const PHYSICAL: Readonly<Record<ColumnType, PhysicalType>> = {
  text: "BYTE_ARRAY",
  count: "INT64",
  epoch: "DOUBLE",
  float: "DOUBLE",
  timestamp: "INT64",
};

/** What a physical type stands for, if that is not itself. */
const LOGICAL: Partial<Record<ColumnType, Partial<SchemaElement>>> = {
  text: { converted_type: "UTF8" },
  timestamp: {
    converted_type: "TIMESTAMP_MICROS",
    logical_type: { type: "TIMESTAMP", isAdjustedToUTC: true, unit: "MICROS" },
  },
};

/** What a file starts with. */
export const HEAD = new TextEncoder().encode("PAR1");

function elementOf({ name, type, optional }: Column): SchemaElement {
  return {
    name,
    type: PHYSICAL[type],
    repetition_type: optional ? "OPTIONAL" : "REQUIRED",
    ...LOGICAL[type],
  };
}

function schemaOf(columns: readonly Column[]): SchemaElement[] {
  return [{ name: "table", num_children: columns.length }, ...columns.map(elementOf)];
}

/**
 * Encodes columns as one row group whose bytes start at `offset` of a file. A column without values is one that no
 * row has.
 *
 * @param push Takes the bytes chunk by chunk; a chunk holds until the call returns.
 */
export function encodeRowGroup(
  columns: readonly (Column & { readonly values: ColumnValues | undefined })[],
  rows: number,
  offset: number,
  push: (bytes: Uint8Array) => void,
): RowGroup {
  let at = offset;
  const chunks = columns.map((column): ColumnChunk => {
    const values = column.values ?? { values: new Float64Array(0), present: new Uint8Array(rows) };
    if (!column.optional && values.values.length < rows) throw new Error(`some rows lack ${column.name}`);
    const { encoding, dictionary, data } = encodeValues(column.type, values);
    const head = new ByteWriter();
    if (dictionary !== undefined) writeDictionary(head, dictionary, PHYSICAL[column.type]);
    const page = head.offset;
    const levels = column.optional ? levelsOf(values, rows) : [];
    writePageHead(head, encoding, rows, values.values.length, levels, data.length);
    push(head.getBytes());
    push(data);
    const start = at;
    at += head.offset + data.length;
    return {
      name: column.name,
      offset: start,
      bytes: at - start,
      data: page,
      encodings: dictionary === undefined ? [encoding] : ["PLAIN", encoding],
    };
  });
  return { rows, columns: chunks };
}

interface EncodedValues {
  readonly encoding: Encoding;
  readonly dictionary?: LibraryValues;
  /** Holds until the next values are encoded. */
  readonly data: Uint8Array;
}

/** Takes the encoded values of one column after the other. */
const scratch = new ByteWriter();

function cleared(): ByteWriter {
  scratch.offset = 0;
  scratch.index = 0;
  return scratch;
}

/** The encodings that make a column small without the time that compression takes. */
function encodeValues(type: ColumnType, { values, dictionary }: ColumnValues): EncodedValues {
  if (dictionary !== undefined)
    return { dictionary: [...dictionary], ...encodeIndexes(values, dictionary.length) };
  if (type === "count" || type === "timestamp") {
    const writer = cleared();
    deltaBinaryPack(writer, type === "count" ? values : values.map((millis) => millis * 1000), "INT64");
    return { encoding: "DELTA_BINARY_PACKED", data: writer.getBytes() };
  }
  // Epochs repeat. Not so other floats; and a dictionary would take -0 for 0.
  const repeated = type === "epoch" ? useDictionary(values, "DOUBLE", undefined, undefined) : {};
  if (repeated.dictionary !== undefined && repeated.indexes !== undefined) {
    return {
      dictionary: repeated.dictionary,
      ...encodeIndexes(repeated.indexes, repeated.dictionary.length),
    };
  }
  // Machines on which Node runs keep floats as the format does.
  return { encoding: "PLAIN", data: new Uint8Array(values.buffer, values.byteOffset, values.byteLength) };
}

function encodeIndexes(indexes: LibraryValues, size: number): EncodedValues {
  const writer = cleared();
  const width = Math.ceil(Math.log2(size));
  writer.appendUint8(width);
  writeRleBitPackedHybrid(writer, indexes, width);
  return { encoding: "RLE_DICTIONARY", data: writer.getBytes() };
}

function levelsOf({ present }: ColumnValues, rows: number): LibraryValues {
  return present ?? new Uint8Array(rows).fill(1);
}

function writeDictionary(writer: ByteWriter, dictionary: LibraryValues, type: PhysicalType): void {
  const page = new ByteWriter();
  writePlain(page, dictionary, type, undefined);
  writePageHeader(writer, {
    type: "DICTIONARY_PAGE",
    uncompressed_page_size: page.offset,
    compressed_page_size: page.offset,
    dictionary_page_header: { num_values: dictionary.length, encoding: "PLAIN" },
  });
  writer.appendBytes(page.getBytes());
}

/** What stands before the values of a page: its header, and which rows have one. */
function writePageHead(
  writer: ByteWriter,
  encoding: Encoding,
  rows: number,
  values: number,
  levels: LibraryValues,
  bytes: number,
): void {
  const level = new ByteWriter();
  if (levels.length > 0) writeRleBitPackedHybrid(level, levels, 1);
  writePageHeader(writer, {
    type: "DATA_PAGE_V2",
    uncompressed_page_size: level.offset + bytes,
    compressed_page_size: level.offset + bytes,
    data_page_header_v2: {
      num_values: rows,
      num_nulls: rows - values,
      num_rows: rows,
      encoding,
      definition_levels_byte_length: level.offset,
      repetition_levels_byte_length: 0,
      is_compressed: false,
    },
  });
  writer.appendBytes(level.getBytes());
}

/** A column of any type that none of the rows has, at `offset` of a file. */
export function encodeAbsent(
  name: string,
  rows: number,
  offset: number,
): { readonly chunk: ColumnChunk; readonly bytes: Uint8Array } {
  const column: Column = { name, type: "float", optional: true };
  const parts: Uint8Array[] = [];
  const push = (bytes: Uint8Array) => parts.push(bytes.slice());
  const { columns } = encodeRowGroup([{ ...column, values: undefined }], rows, offset, push);
  return { chunk: columns[0] as ColumnChunk, bytes: Buffer.concat(parts) };
}

/** What stands after the row groups of a file. */
export class ParquetFrame {
  readonly #columns: readonly Column[];
  readonly #program: string;
  readonly #groups: RowGroup[] = [];

  /** @param program Name and version of what writes the file. */
  constructor(columns: readonly Column[], program: string) {
    this.#columns = columns;
    this.#program = program;
  }

  /** Adds a row group with all columns of the table, at their offsets in this file. */
  add(group: RowGroup): void {
    this.#groups.push(group);
  }

  /** What the file ends with. */
  foot(): Uint8Array {
    const types = new Map(this.#columns.map(({ name, type }) => [name, PHYSICAL[type]]));
    const writer = new ByteWriter();
    writeMetadata(writer, {
      version: 2,
      created_by: this.#program,
      schema: schemaOf(this.#columns),
      num_rows: BigInt(this.#groups.reduce((sum, { rows }) => sum + rows, 0)),
      row_groups: this.#groups.map(({ rows, columns }) => {
        const bytes = BigInt(columns.reduce((sum, column) => sum + column.bytes, 0));
        return {
          columns: columns.map((column) => columnMetadata(column, rows, types.get(column.name) ?? "DOUBLE")),
          total_byte_size: bytes,
          total_compressed_size: bytes,
          num_rows: BigInt(rows),
        };
      }),
      // Known to the reader of a file, not to its writer.
      metadata_length: 0,
    });
    writer.appendBytes(HEAD);
    return writer.getBytes();
  }
}

function columnMetadata(
  { name, offset, bytes, data, encodings }: ColumnChunk,
  rows: number,
  type: PhysicalType,
): MetadataColumn {
  return {
    file_offset: BigInt(offset),
    meta_data: {
      type,
      encodings: [...encodings],
      path_in_schema: [name],
      codec: "UNCOMPRESSED",
      num_values: BigInt(rows),
      total_compressed_size: BigInt(bytes),
      total_uncompressed_size: BigInt(bytes),
      data_page_offset: BigInt(offset + data),
      ...(data > 0 ? { dictionary_page_offset: BigInt(offset) } : {}),
    },
  };
}
