/** A CSV file whose columns may grow while it is written. */
import { writeSync } from "node:fs";
import { type FileHandle, open, rename, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { fileChunks } from "../../io/chunks.js";
import { checkReader, makeFolder } from "../../io/file-system.js";
import { isLocal } from "../../io/local-file.js";
import { type OutputFile, openOutputFile, partOf, throughLinks, writing } from "../../io/output-file.js";
import { settledOrder } from "../../run/metric-columns.js";
import { CellOrder, RowEnds, type RowTransform } from "../tables/row-transform.js";

const LINE_FEED = 0x0a;
const LINE_END = "\r\n";

/** When the file is at its path. */
export type WriteMode =
  /** Written under another name and renamed at the end: a reader sees all of it or the old one. */
  | "whole"
  /** At its path from the start, every row at once. */
  | "live";

/** One CSV file: RFC 4180, CRLF, header first. The file and its folder are made with the first write. */
export class CsvFile {
  readonly path: string;
  readonly #mode: WriteMode;
  #output: OutputFile | undefined;
  #columns: string[];
  #file: FileHandle | undefined;
  /** Whether a write never waits for long. */
  #isLocal = false;

  constructor(path: string, columns: readonly string[], mode: WriteMode) {
    this.path = path;
    this.#mode = mode;
    this.#columns = [...columns];
  }

  get columns(): readonly string[] {
    return this.#columns;
  }

  /** Appends finished rows. */
  async write(rows: Uint8Array | string): Promise<void> {
    this.#file ??= await this.#create();
    if (rows.length > 0) await this.#file.appendFile(rows);
  }

  /**
   * The same for rows that hold only until the thread goes on to something else.
   *
   * @param view Called when the file is ready.
   */
  async writeView(view: () => Uint8Array): Promise<void> {
    this.#file ??= await this.#create();
    const rows = view();
    if (!this.#isLocal) return this.write(rows.slice());
    for (let at = 0; at < rows.length; ) at += writeSync(this.#file.fd, rows, at);
  }

  /** Adds columns before the last `trailing` ones; the rows written before get `fill` in each. */
  async addColumns(names: readonly string[], fill: string, trailing = 0): Promise<void> {
    if (names.length === 0) return;
    this.#columns.splice(this.#columns.length - trailing, 0, ...names);
    await this.#rewrite(new RowEnds(`,${fill}`.repeat(names.length), trailing));
  }

  /** Gives what is written already the columns of now. */
  async #rewrite(transform: RowTransform): Promise<void> {
    if (this.#file === undefined) return;
    await this.#file.close();
    // A link stays, and the file that it leads to changes.
    const current = this.#output?.part ?? (await throughLinks(this.path));
    if (this.#output === undefined && !(await stat(current)).isFile()) {
      // What a device or a FIFO has taken can't be changed: rows of the new form follow below a header of their own.
      this.#file = await open(current, "w");
      return writing(this.path, this.#file.appendFile(`${this.#columns.join(",")}${LINE_END}`));
    }
    const next = `${this.#output?.part ?? partOf(current)}.next`;
    const rewritten = await open(next, "w");
    try {
      for await (const part of transformed(fileChunks(current), transform, this.#columns))
        await writing(this.path, rewritten.appendFile(part));
    } finally {
      await rewritten.close();
    }
    await rename(next, current);
    this.#file = await open(current, "a");
  }

  /** Gives columns other names; a name that moves to another column takes the position of that one. */
  async rename(names: ReadonlyMap<string, string>): Promise<void> {
    const renamed = this.#columns.map((column) => names.get(column) ?? column);
    const columns = settledOrder(this.#columns, names);
    const order = new CellOrder(columns.map((name) => renamed.indexOf(name)));
    this.#columns = columns;
    await this.#rewrite(order);
  }

  /** Ends the writing; the file is not at its path yet. */
  async end(): Promise<void> {
    this.#file ??= await this.#create();
    await this.#file.close();
  }

  /** Moves the file to its path; if that is a file, before any other code runs. */
  commit(): Promise<void> | undefined {
    return this.#output?.commitNow();
  }

  /** Removes what was written under the other name; a live file stays as it is. */
  async discard(): Promise<void> {
    await this.#file?.close().catch(() => {});
    await this.#output?.discard();
  }

  async #create(): Promise<FileHandle> {
    if (this.#mode === "live") {
      await makeFolder(dirname(this.path));
      await checkReader(this.path);
    } else this.#output = await openOutputFile(this.path);
    const file = await open(this.#output?.part ?? this.path, "w");
    // What is written under another name is a file, never a device or a FIFO.
    this.#isLocal = this.#output !== undefined && isLocal(this.#output.part);
    try {
      await writing(this.path, file.appendFile(`${this.#columns.join(",")}${LINE_END}`));
    } catch (error) {
      await file.close().catch(() => {});
      throw error;
    }
    return file;
  }
}

/** The rows as they become, below a new first row. */
async function* transformed(
  chunks: AsyncIterable<Uint8Array>,
  transform: RowTransform,
  columns: readonly string[],
): AsyncGenerator<Uint8Array> {
  let isFirst = true;
  for await (const chunk of chunks) {
    const rows: Uint8Array = transform.take(chunk);
    // Only whole rows come, so the first of them is all of the old header.
    const start: number = isFirst ? rows.indexOf(LINE_FEED) + 1 : 0;
    if (isFirst && start > 0) yield Buffer.from(`${columns.join(",")}${LINE_END}`);
    isFirst &&= start === 0;
    yield rows.subarray(start);
  }
  yield transform.end();
}
