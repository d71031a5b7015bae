/** One table on standard output. A reader that has seen enough (`head`) closes it, which is not an error. */
import { join } from "node:path";
import { fileChunks } from "../io/chunks.js";
import { Echo } from "../io/stdin.js";
import { makeTemporaryFolder, removeTemporaryFolder } from "../io/temporary-folder.js";
import { dataText } from "../io/terminal.js";
import type { RunUpdate } from "../run/run-reader.js";
import { CsvPublisher } from "./csv/csv-publisher.js";
import { TabCells } from "./tables/row-transform.js";
import type { OpenedRun, PublisherOutcome, UpdatePublisher } from "./update-publisher.js";

/** A table that is printed. */
export interface PrintedTable {
  readonly table: "training" | "validation";
  readonly format: "csv" | "tsv";
}

/**
 * Prints one table when all is read, because columns may come late: until then it is a temporary file. If nothing was
 * measured, nothing is printed.
 */
export class TablePrinter implements UpdatePublisher {
  readonly name = "standard output";
  readonly #printed: PrintedTable;
  readonly #combine: boolean;
  #files: { readonly folder: string; readonly csv: CsvPublisher } | undefined;
  #run: OpenedRun | undefined;

  constructor(printed: PrintedTable, combine: boolean) {
    this.#printed = printed;
    this.#combine = combine;
  }

  open(run: OpenedRun): void {
    this.#run = run;
    this.#files?.csv.open(run);
  }

  async publish(update: RunUpdate): Promise<void> {
    this.#files ??= await this.#start();
    await this.#files.csv.publish(update);
  }

  async close(): Promise<PublisherOutcome> {
    if (this.#files === undefined) return { outputs: [] };
    const { folder, csv } = this.#files;
    try {
      const { outputs } = await csv.close();
      if (outputs.length > 0) await this.#print(join(folder, `${this.#printed.table}.csv`));
      return { outputs: [] };
    } finally {
      await removeTemporaryFolder(folder);
    }
  }

  async discard(): Promise<void> {
    if (this.#files === undefined) return;
    await this.#files.csv.discard();
    await removeTemporaryFolder(this.#files.folder);
  }

  async #start(): Promise<{ readonly folder: string; readonly csv: CsvPublisher }> {
    const folder = await makeTemporaryFolder();
    const csv = new CsvPublisher({ folder, mode: "whole", combine: this.#combine, patterns: false });
    if (this.#run !== undefined) csv.open(this.#run);
    return { folder, csv };
  }

  async #print(path: string): Promise<void> {
    const out = new Echo(process.stdout);
    const tabs = this.#printed.format === "tsv" ? new TabCells() : undefined;
    const [decoder, encoder] = [new TextDecoder(), new TextEncoder()];
    for await (const chunk of fileChunks(path)) {
      const rows = tabs === undefined ? chunk : tabs.take(chunk);
      const shown = process.stdout.isTTY;
      await out.write(shown ? encoder.encode(dataText(decoder.decode(rows, { stream: true }))) : rows);
      if (out.fault !== undefined) throw out.fault;
      if (out.closed) return;
    }
  }
}
