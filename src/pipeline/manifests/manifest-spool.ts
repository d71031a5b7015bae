/** Lines of a manifest on disk, until it is known which shard each belongs to. */
import { createReadStream } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { makeTemporaryFolder, removeTemporaryFolder } from "../../io/temporary-folder.js";
import type { LineOutput } from "../../publishers/ndjson.js";
import { Numbers } from "./shard.js";

/** Takes the lines of all runs, and gives those of a shard. Holds eight bytes a run. */
export class ManifestSpool {
  readonly #folder: string;
  readonly #path: string;
  readonly #file: FileHandle;
  /** Where each line begins. */
  readonly #starts = new Numbers();
  #length = 0;

  private constructor(folder: string, path: string, file: FileHandle) {
    this.#folder = folder;
    this.#path = path;
    this.#file = file;
  }

  static async open(): Promise<ManifestSpool> {
    const folder = await makeTemporaryFolder();
    const path = join(folder, "manifest.ndjson");
    return new ManifestSpool(folder, path, await open(path, "w"));
  }

  async add(lines: readonly string[]): Promise<void> {
    for (const line of lines) {
      this.#starts.push(this.#length);
      this.#length += Buffer.byteLength(line);
    }
    await this.#file.appendFile(lines.join(""));
  }

  /** Writes the lines of runs, up to the one before `next`, and closes the output. */
  async copy(first: number, next: number, output: LineOutput): Promise<void> {
    const start = this.#startOf(first);
    const end = this.#startOf(next);
    if (end > start) {
      const bytes = createReadStream(this.#path, { start, end: end - 1, encoding: "utf8" });
      for await (const text of bytes) await output.write(String(text));
    }
    await output.close();
  }

  #startOf(line: number): number {
    return line < this.#starts.length ? this.#starts.at(line) : this.#length;
  }

  async close(): Promise<void> {
    await this.#file.close();
    await removeTemporaryFolder(this.#folder);
  }
}
