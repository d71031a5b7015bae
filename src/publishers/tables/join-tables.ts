/** Joins the parts of a table to the whole, in one file. */
import { type FileHandle, open } from "node:fs/promises";
import { named } from "../../io/output-file.js";
import { type Column, SEGMENT, type TableFormat } from "./columns.js";
import type { Layout } from "./layout.js";
import { encodeAbsent, HEAD, ParquetFrame, type RowGroup } from "./parquet.js";
import type { Section } from "./part-file.js";
import { type PartTableName, partFile, type TablePart } from "./part-files.js";
import { csvHeader } from "./row-text.js";
import { CellOrder, FieldNames, RowEnds, type RowTransform } from "./row-transform.js";

/** One part of a table, and the folder with its files. */
export interface JoinedPart {
  readonly folder: string;
  readonly table: TablePart;
}

/** Bytes that are copied at once. */
const CHUNK = 1 << 20;

/**
 * Writes the whole table.
 *
 * @param program Name and version of the program, for the file to name.
 * @throws Error of Node's when a file can't be read or written.
 */
export async function joinTable(
  path: string,
  table: PartTableName,
  format: TableFormat,
  layout: Layout,
  parts: readonly JoinedPart[],
  program: string,
): Promise<void> {
  const target = await open(path, "w");
  try {
    const whole = format === "parquet" ? new ParquetJoin(target, layout.columns, program) : undefined;
    await whole?.start();
    if (format === "csv") await target.appendFile(csvHeader(layout.columns));
    for (const [index, { folder, table: part }] of parts.entries()) {
      if (part.bytes[format] === 0) continue;
      const names = layout.renamed[index] ?? new Map<string, string>();
      const source = await open(partFile(folder, table, format), "r");
      try {
        if (whole !== undefined) await whole.add(source, part.parquet, names);
        else if (format === "csv") await joinSections(source, target, part.csv, csvTransform(layout, names));
        else await joinSections(source, target, part.ndjson, jsonTransform(layout, names));
      } finally {
        await source.close();
      }
    }
    await whole?.end();
  } catch (error) {
    throw named(error, path);
  } finally {
    await target.close();
  }
}

/** What a section's rows need to become rows of the whole; undefined if they are that already. */
type Choice = (section: Section) => RowTransform | undefined;

function csvTransform({ columns }: Layout, renamed: ReadonlyMap<string, string>): Choice {
  return (section) => {
    const has = section.columns.map((column) => renamed.get(column) ?? column);
    const fill = (name: string) => (name === SEGMENT.name ? String(section.segment) : "");
    if (has.every((column, index) => columns[index]?.name === column)) {
      const lacks = columns.slice(has.length);
      return lacks.length === 0
        ? undefined
        : new RowEnds(lacks.map(({ name }) => `,${fill(name)}`).join(""), true);
    }
    return new CellOrder(
      columns.map(({ name }) => {
        const at = has.indexOf(name);
        return at === -1 ? fill(name) : at;
      }),
    );
  };
}

function jsonTransform({ columns }: Layout, renamed: ReadonlyMap<string, string>): Choice {
  const shown = columns.at(-1)?.name === SEGMENT.name;
  return (section) => {
    const segment = shown && !section.columns.includes(SEGMENT.name) ? section.segment : undefined;
    if (renamed.size > 0) return new FieldNames(renamed, segment);
    return segment === undefined ? undefined : new RowEnds(`,"${SEGMENT.name}":${segment}`, false);
  };
}

async function joinSections(
  source: FileHandle,
  target: FileHandle,
  sections: readonly Section[],
  choice: Choice,
): Promise<void> {
  const buffer = new Uint8Array(CHUNK);
  for (const section of sections) {
    const transform = choice(section);
    for (let left = section.bytes; left > 0; ) {
      const { bytesRead } = await source.read(buffer, 0, Math.min(CHUNK, left));
      if (bytesRead === 0)
        throw new Error("a part of a table is shorter than it was written: run this again");
      left -= bytesRead;
      const chunk = buffer.subarray(0, bytesRead);
      await target.appendFile(transform === undefined ? chunk : transform.take(chunk));
    }
    if (transform !== undefined) await target.appendFile(transform.end());
  }
}

/** A Parquet file that takes the row groups of others as they are. */
class ParquetJoin {
  readonly #target: FileHandle;
  readonly #columns: readonly Column[];
  readonly #frame: ParquetFrame;
  #offset = 0;

  constructor(target: FileHandle, columns: readonly Column[], program: string) {
    this.#target = target;
    this.#columns = columns;
    this.#frame = new ParquetFrame(columns, program);
  }

  async start(): Promise<void> {
    await this.#append(HEAD);
  }

  async add(
    source: FileHandle,
    groups: readonly RowGroup[],
    renamed: ReadonlyMap<string, string>,
  ): Promise<void> {
    for (const { rows, columns } of groups) {
      const chunks = new Map(columns.map((chunk) => [renamed.get(chunk.name) ?? chunk.name, chunk]));
      const placed: RowGroup["columns"][number][] = [];
      for (const column of this.#columns) {
        const chunk = chunks.get(column.name);
        if (chunk === undefined) {
          const absent = encodeAbsent(column.name, rows, this.#offset);
          placed.push(absent.chunk);
          await this.#append(absent.bytes);
        } else {
          placed.push({ ...chunk, name: column.name, offset: this.#offset });
          const bytes = new Uint8Array(chunk.bytes);
          const { bytesRead } = await source.read(bytes, 0, bytes.length, chunk.offset);
          if (bytesRead < bytes.length)
            throw new Error("a part of a table is shorter than it was written: run this again");
          await this.#append(bytes);
        }
      }
      this.#frame.add({ rows, columns: placed });
    }
  }

  async end(): Promise<void> {
    await this.#append(this.#frame.foot());
  }

  async #append(bytes: Uint8Array): Promise<void> {
    await this.#target.appendFile(bytes);
    this.#offset += bytes.length;
  }
}
