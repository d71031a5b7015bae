import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import type { UploadSource } from "./upload.js";
import type { TemporaryFolders } from "./wandb-client.js";

const MEMORY_BYTES = 1024 * 1024;

/** The plain text of the console log, for the run file. Beyond 1 MiB it lies in a temporary file, not in memory. */
export class ConsoleText {
  readonly #folders: TemporaryFolders;
  #parts: string[] = [];
  #partsBytes = 0;
  #fileBytes = 0;
  #folder: string | undefined;
  #file: FileHandle | undefined;

  constructor({ temporaryFolders }: { readonly temporaryFolders: TemporaryFolders }) {
    this.#folders = temporaryFolders;
  }

  /** Whether there is no line yet. */
  get empty(): boolean {
    return this.#partsBytes + this.#fileBytes === 0;
  }

  /** Adds lines. */
  async add(lines: readonly { readonly text: string }[]): Promise<void> {
    const text = lines.map((line) => `${line.text}\n`).join("");
    this.#parts.push(text);
    this.#partsBytes += Buffer.byteLength(text);
    if (this.#partsBytes > MEMORY_BYTES) await this.#spill();
  }

  /** The whole text, ready to be uploaded; it holds until `dispose`. */
  async source(): Promise<UploadSource> {
    if (this.#file === undefined) return Buffer.from(this.#parts.join(""));
    await this.#spill();
    return { path: this.#path(), size: this.#fileBytes };
  }

  /** Removes the temporary file. */
  async dispose(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
    if (this.#folder !== undefined) await this.#folders.remove(this.#folder);
  }

  async #spill(): Promise<void> {
    const bytes = Buffer.from(this.#parts.join(""));
    this.#parts = [];
    this.#partsBytes = 0;
    if (this.#file === undefined) {
      this.#folder = await this.#folders.make();
      this.#file = await open(this.#path(), "a");
    }
    await this.#file.appendFile(bytes);
    this.#fileBytes += bytes.length;
  }

  #path(): string {
    return join(this.#folder ?? "", "output.log");
  }
}
