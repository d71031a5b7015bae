/** An event file on disk. */
import { type FileHandle, open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { type OutputFile, openOutputFile, writing } from "../../io/output-file.js";
import type { WriteMode } from "../csv/csv-file.js";

/** TensorBoard takes any file with `tfevents` in its name. This one is always the same: publishing again replaces it. */
const NAME = "events.out.tfevents.marian-tracking";

/** Not a name that a running TensorBoard takes for an event file. */
const PART = "marian-tracking";

/** The event file of one run, made with the first write. */
export class EventFile {
  readonly #folder: string;
  readonly #mode: WriteMode;
  #output: OutputFile | undefined;
  #file: FileHandle | undefined;

  constructor(folder: string, mode: WriteMode) {
    this.#folder = folder;
    this.#mode = mode;
  }

  /** Appends whole events; in the mode `live` TensorBoard sees them at once. */
  async write(events: Uint8Array): Promise<void> {
    if (this.#file !== undefined) return writing(this.#path, this.#file.appendFile(events));
    this.#output = await openOutputFile(this.#path, PART);
    this.#file = await open(this.#output.part, "w");
    await writing(this.#path, this.#file.appendFile(events));
    // A live file, too, begins under another name: a TensorBoard that reads the old one must not see it change.
    if (this.#mode === "live") await this.#output.commit();
  }

  /** Moves the file to its path and returns the path; undefined if there was nothing to write. */
  async close(): Promise<string | undefined> {
    if (this.#file === undefined) return undefined;
    await this.#file.close();
    if (this.#mode === "whole") await this.#output?.commit();
    return this.#path;
  }

  /** Removes what was written under the other name; a live file stays as it is. */
  async discard(): Promise<void> {
    await this.#file?.close().catch(() => {});
    await this.#output?.discard();
  }

  /** Event files of other programs in the same folder, which TensorBoard shows as the same run. */
  async others(): Promise<readonly string[]> {
    const names = await readdir(this.#folder);
    return names.filter((name) => name.includes("tfevents") && name !== NAME);
  }

  get #path(): string {
    return join(this.#folder, NAME);
  }
}
