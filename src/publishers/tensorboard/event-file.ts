/** An event file on disk. */
import { type FileHandle, open, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { WriteMode } from "../csv/csv-file.js";
import { makeFolder } from "../folder.js";

/** TensorBoard takes any file with `tfevents` in its name. This one is always the same: publishing again replaces it. */
const NAME = "events.out.tfevents.marian-tracking";

/** The event file of one run, made with the first write. */
export class EventFile {
  readonly #folder: string;
  readonly #mode: WriteMode;
  #file: FileHandle | undefined;

  constructor(folder: string, mode: WriteMode) {
    this.#folder = folder;
    this.#mode = mode;
  }

  /** Appends whole events; in the mode `live` TensorBoard sees them at once. */
  async write(events: Uint8Array): Promise<void> {
    if (this.#file !== undefined) return this.#file.appendFile(events);
    await makeFolder(this.#folder);
    this.#file = await open(this.#temporary, "w");
    await this.#file.appendFile(events);
    // Also a live file begins beside its place: a TensorBoard that reads the old one must not see it change.
    if (this.#mode === "live") await rename(this.#temporary, this.#path);
  }

  /** Puts the file at its place and returns that; nothing where there was nothing to write. */
  async close(): Promise<string | undefined> {
    if (this.#file === undefined) return undefined;
    await this.#file.close();
    if (this.#mode === "whole") await rename(this.#temporary, this.#path);
    return this.#path;
  }

  /** Removes what was written beside the place; a live file stays as it is. */
  async discard(): Promise<void> {
    await this.#file?.close().catch(() => {});
    await rm(this.#temporary, { force: true });
  }

  /** Event files of other programs in the same folder, which TensorBoard shows as the same run. */
  async others(): Promise<readonly string[]> {
    const names = await readdir(this.#folder);
    return names.filter((name) => name.includes("tfevents") && name !== NAME);
  }

  get #path(): string {
    return join(this.#folder, NAME);
  }

  /** Not a name that a running TensorBoard takes for an event file. */
  get #temporary(): string {
    return join(this.#folder, `marian-tracking.${process.pid}.partial`);
  }
}
