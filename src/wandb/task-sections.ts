/** What a run takes from the files of its training task. */
import type { Segment } from "../run/segment.js";
import { messageOf } from "./client/errors.js";
import type { JsonValue } from "./client/format/json.js";
import type { RowTable } from "./client/format/row-table.js";
import type { TaskFiles, WandbPublication } from "./publication.js";
import type { TASK_SECTIONS } from "./run-config.js";
import { DATASETS, datasetsTable } from "./run-tables.js";

/** Reads the files of a training's last start, and counts its datasets in the background. */
export class TaskSections {
  readonly #reader: WandbPublication["taskFiles"];
  readonly #stop: AbortSignal | undefined;
  readonly #notes = new Set<string>();
  #commandLine: string | undefined;
  #files: TaskFiles | undefined;
  #counting: { readonly end: AbortController; readonly table: Promise<RowTable | undefined> } | undefined;
  /** Set when the counting is at its end. */
  #counted: RowTable | undefined;

  constructor(reader: WandbPublication["taskFiles"], stop: AbortSignal | undefined) {
    this.#reader = reader;
    this.#stop = stop;
  }

  /** What could not be read or counted. */
  get notes(): string[] {
    return [...this.#notes];
  }

  /** Names of the datasets, as far as the files were read. */
  get datasetNames(): readonly string[] {
    return this.#files?.datasetNames ?? [];
  }

  /** Sections of the configuration, as far as the files were read. */
  get sections(): Partial<Readonly<Record<(typeof TASK_SECTIONS)[number], JsonValue>>> {
    if (this.#files === undefined) return {};
    const { model, training, opustrainer } = this.#files;
    return { model, training, opustrainer };
  }

  /** Reads the files that a start of Marian names; true when there is something new. Never rejects. */
  async read(segment: Segment | undefined): Promise<boolean> {
    const { command_line: commandLine, arguments: options } = segment ?? {};
    if (this.#reader === undefined || commandLine === undefined || options === undefined) return false;
    if (this.#commandLine === commandLine) return false;
    this.#commandLine = commandLine;
    try {
      const files = await this.#reader(options);
      // Marian may have been started again in the meantime.
      if (this.#commandLine !== commandLine) return false;
      this.#files = files;
      for (const note of files.notes) this.#notes.add(note);
      return true;
    } catch (error) {
      this.#notes.add(`the files of the training task could not be read: ${messageOf(error)}`);
      return false;
    }
  }

  /** Begins to count the datasets. Nothing waits for it but {@link table}. */
  count(): void {
    const files = this.#files;
    if (files === undefined || files.datasetNames.length === 0) return;
    this.#counting?.end.abort();
    const end = new AbortController();
    const signal = this.#stop === undefined ? end.signal : AbortSignal.any([end.signal, this.#stop]);
    const table = files.countDatasets(signal).then(
      ({ lines, notes }) => {
        for (const note of notes) this.#notes.add(note);
        return lines.size === 0 || signal.aborted ? undefined : datasetsTable(lines);
      },
      (error: unknown) => {
        if (!signal.aborted) this.#notes.add(`the datasets could not be counted: ${messageOf(error)}`);
        return undefined;
      },
    );
    const counting = { end, table };
    this.#counting = counting;
    this.#counted = undefined;
    void table.then((counted) => {
      if (this.#counting !== counting) return;
      this.#counted = counted;
      if (counted === undefined) this.#counting = undefined;
    });
  }

  /** The chart of the datasets, once: when it is there, or, with `wait`, when it is counted. */
  async table(wait: boolean): Promise<RowTable | undefined> {
    if (this.#counting === undefined) return undefined;
    const table = wait ? await this.#counting.table : this.#counted;
    if (table !== undefined) this.#counting = undefined;
    return table;
  }

  /** Ends the counting. */
  end(): void {
    if (this.#counting !== undefined && !this.#stop?.aborted)
      this.#notes.add(`the datasets were not counted before the end: the chart ${DATASETS} is missing`);
    this.#counting?.end.abort();
    this.#counting = undefined;
  }
}
