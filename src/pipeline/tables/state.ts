/**
 * What a folder of tables remembers of its parts, so that the next command reads only the logs that have changed and
 * copies the other rows. The tables themselves are the parts' bytes; the state says where each is.
 */
import { createHash } from "node:crypto";
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { writeWhole } from "../../io/output-file.js";
import { fileStamp } from "../../io/source.js";
import type { TableFormat } from "../../publishers/tables/columns.js";
import type { PartPlace, PartPlaces } from "../../publishers/tables/earlier-rows.js";
import { PartFile } from "../../publishers/tables/part-file.js";
import {
  PART_TABLES,
  type PartTableName,
  type PartTablesSummary,
} from "../../publishers/tables/part-files.js";
import { digestOfOptions, type RowOptions, type WorkItem } from "./items.js";
import type { PartLog } from "./part.js";

/** The file, beside the tables. Engines pass over names that start with a dot. */
export const STATE = ".tables-state";

const HEAD = { form: "marian-tracking tables", version: 1 } as const;

/** A part as the state keeps it. */
interface PartHead {
  /** The digest of each run; empty if the run is to be read again whatever its files look like. */
  readonly runs: readonly string[];
  /** The digest of the contents of each run's files; null if nobody has asked for it. */
  readonly contents: readonly (string | null)[];
  readonly bytes: Readonly<Record<PartTableName, Readonly<Record<TableFormat, number>>>>;
}

/** A file of the tables that is made of parts. */
export interface StateFile {
  /** Its path below the folder of the tables, with `/`. */
  readonly name: string;
  readonly table: PartTableName;
  readonly format: TableFormat;
  /** Where the bytes of its first part start. */
  readonly start: number;
  /** Its parts by their numbers, in their order. */
  readonly parts: readonly number[];
  /** The digest of inputs that it names. */
  readonly inputs: string;
}

type StampedFile = StateFile & { readonly stamp: string };

/** A part of a state that is being written. */
export interface StatedPart extends PartHead {
  /** JSON of its tables, and of what its logs brought. */
  text(): { readonly tables: string; readonly logs: string };
}

/** A line, by its place in the file. */
interface Line {
  readonly at: number;
  readonly bytes: number;
}

/** The state of tables that are as they were written. */
export class TablesState {
  readonly #file: number;
  readonly #lines: Line[] = [];
  readonly #heads: { readonly runs: number; readonly places: PartPlaces | undefined }[] = [];
  /** The part and the index of each run, by its digest. */
  readonly #runs = new Map<string, number>();
  readonly #files = new Map<string, StateFile>();
  #last: { readonly part: number; readonly texts: readonly string[] } | undefined;
  #lastHead: { readonly part: number; readonly head: PartHead } | undefined;

  private constructor(file: number) {
    this.#file = file;
  }

  /**
   * Reads the state of a folder; undefined if there is none, if it is damaged, or if its tables were written with other
   * options or by another version. Parts whose files have changed are left out.
   */
  static open(folder: string, options: RowOptions): TablesState | undefined {
    let file: number;
    try {
      file = openSync(join(folder, STATE), "r");
    } catch {
      return undefined;
    }
    const state = new TablesState(file);
    try {
      if (state.#read(folder, digestOfOptions(options))) return state;
    } catch {
      // Whatever is wrong with it: all logs are read.
    }
    state.close();
    return undefined;
  }

  /** The number of the part that has exactly the runs of an item; undefined if none has. */
  find(
    { runDigests }: Pick<WorkItem, "runDigests">,
    contents?: readonly (string | null)[],
  ): number | undefined {
    const part = this.run(runDigests[0] ?? "")?.part;
    if (part === undefined || this.#heads[part]?.runs !== runDigests.length) return undefined;
    const isSame = runDigests.every((digest, index) => {
      const found = this.run(digest, contents?.[index]);
      return found?.part === part && found.index === index;
    });
    return isSame ? part : undefined;
  }

  /** Where a run is. @param contents The digest of its files' contents, which must be known and the same; absent: any. */
  run(
    digest: string,
    contents?: string | null,
  ): { readonly part: number; readonly index: number } | undefined {
    const at = this.#runs.get(digest);
    if (at === undefined) return undefined;
    const [part, index] = [Math.floor(at / RUNS), at % RUNS];
    if (contents !== undefined && (contents === null || this.head(part).contents[index] !== contents))
      return undefined;
    return { part, index };
  }

  head(part: number): PartHead {
    // Asked for once a run, and mostly for the runs of one part.
    if (this.#lastHead?.part !== part)
      this.#lastHead = { part, head: JSON.parse(this.#texts(part)[0] ?? "") as PartHead };
    return this.#lastHead.head;
  }

  /** The JSON of a part, as it stands. */
  text(part: number): { readonly tables: string; readonly logs: string } {
    const [, tables = "", logs = ""] = this.#texts(part);
    return { tables, logs };
  }

  tables(part: number): PartTablesSummary {
    return JSON.parse(this.text(part).tables) as PartTablesSummary;
  }

  logs(part: number): PartLog[] {
    return JSON.parse(this.text(part).logs) as PartLog[];
  }

  /** Where the bytes of a part are. */
  places(part: number): PartPlaces {
    const places = this.#heads[part]?.places;
    if (places === undefined) throw new Error(`the state of the tables has no part ${part}`);
    return places;
  }

  /** A file that is as it was written; undefined if it is not. */
  file(name: string): StateFile | undefined {
    return this.#files.get(name);
  }

  close(): void {
    closeSync(this.#file);
  }

  #read(folder: string, options: string): boolean {
    const heads: PartHead[] = [];
    let files: readonly StampedFile[] | undefined;
    let isFirst = true;
    for (const { line, place } of linesOf(this.#file)) {
      const text = checked(line);
      if (text === undefined || files !== undefined) return false;
      const value = JSON.parse(text.slice(0, headLength(text))) as Partial<
        PartHead & { form: string; version: number; options: string; parts: number; files: StampedFile[] }
      >;
      if (isFirst) {
        if (value.form !== HEAD.form || value.version !== HEAD.version || value.options !== options)
          return false;
        isFirst = false;
      } else if (value.files !== undefined) {
        if (value.parts !== heads.length) return false;
        files = value.files;
      } else {
        heads.push(value as PartHead);
        this.#lines.push(place);
      }
    }
    if (files === undefined) return false;
    const places = heads.map(
      (): Partial<Record<PartTableName, Partial<Record<TableFormat, PartPlace>>>> => ({}),
    );
    for (const file of files) {
      const { name, table, format, start, parts, stamp } = file;
      const path = join(folder, name);
      if (fileStamp(path) !== stamp) continue;
      this.#files.set(name, file);
      let offset = start;
      for (const part of parts) {
        const tables = places[part];
        if (tables === undefined) return false;
        tables[table] = { ...tables[table], [format]: { path, offset } };
        offset += heads[part]?.bytes[table][format] ?? 0;
      }
    }
    const formats = new Set(files.map(({ format }) => format));
    for (const [part, { runs }] of heads.entries()) {
      const found = places[part];
      const isWhole = PART_TABLES.every((table) =>
        [...formats].every((format) => found?.[table]?.[format] !== undefined),
      );
      this.#heads.push({ runs: runs.length, places: isWhole ? (found as PartPlaces) : undefined });
      if (!isWhole) continue;
      for (const [index, digest] of runs.entries())
        if (digest !== "") this.#runs.set(digest, part * RUNS + index);
    }
    return true;
  }

  #texts(part: number): readonly string[] {
    if (this.#last?.part === part) return this.#last.texts;
    const { at, bytes } = this.#lines[part] ?? { at: 0, bytes: 0 };
    const line = Buffer.allocUnsafe(bytes);
    if (readSync(this.#file, line, 0, bytes, at) !== bytes)
      throw new Error(`${STATE} is shorter than it was`);
    const texts = line.toString("utf8", CHECK + 1).split("\t");
    this.#last = { part, texts };
    return texts;
  }
}

/** More than a part has. */
const RUNS = 1 << 20;
/** Characters of a line's digest. */
const CHECK = 22;

function digestOf(text: string | Uint8Array): string {
  return createHash("sha256").update(text).digest("base64url").slice(0, CHECK);
}

/** The text of a line; undefined if it is damaged. */
function checked(line: Buffer): string | undefined {
  const text = line.subarray(CHECK + 1);
  return digestOf(text) === line.toString("latin1", 0, CHECK) ? text.toString("utf8") : undefined;
}

function headLength(text: string): number {
  const at = text.indexOf("\t");
  return at === -1 ? text.length : at;
}

/** The lines of an open file, without their ends. What follows the last end of a line is one that is damaged. */
function* linesOf(file: number): Generator<{ readonly line: Buffer; readonly place: Line }> {
  const { size } = fstatSync(file);
  let rest: Buffer = Buffer.alloc(0);
  let at = 0;
  for (let read = 0; read < size; ) {
    const chunk = Buffer.allocUnsafe(Math.min(1 << 20, size - read));
    const count = readSync(file, chunk, 0, chunk.length, read);
    if (count === 0) break;
    read += count;
    rest = rest.length === 0 ? chunk.subarray(0, count) : Buffer.concat([rest, chunk.subarray(0, count)]);
    for (let end = rest.indexOf(10); end !== -1; end = rest.indexOf(10)) {
      yield { line: rest.subarray(0, end), place: { at, bytes: end } };
      rest = rest.subarray(end + 1);
      at += end + 1;
    }
  }
  if (rest.length > 0) yield { line: rest, place: { at, bytes: rest.length } };
}

/**
 * Writes the state of tables that are in place.
 *
 * @throws InputError if the disk does not take it.
 */
export async function writeState(
  folder: string,
  options: RowOptions,
  parts: readonly StatedPart[],
  files: readonly StateFile[],
): Promise<void> {
  const stamped = files.map(
    (file): StampedFile => ({ ...file, stamp: fileStamp(join(folder, file.name)) ?? "" }),
  );
  await writeWhole(join(folder, STATE), async (path) => {
    const file = new PartFile(path);
    const write = (text: string) => {
      file.push(`${digestOf(text)} ${text}\n`);
    };
    try {
      write(JSON.stringify({ ...HEAD, options: digestOfOptions(options) }));
      for (const part of parts) {
        const { runs, contents, bytes } = part;
        const { tables, logs } = part.text();
        write(`${JSON.stringify({ runs, contents, bytes })}\t${tables}\t${logs}`);
      }
      write(JSON.stringify({ parts: parts.length, files: stamped }));
    } finally {
      file.close();
    }
  });
}
