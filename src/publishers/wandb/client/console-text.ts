import { type FileHandle, mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { UploadSource } from "./upload.js";

const MEMORY_BYTES = 1024 * 1024;

/** A line of the run's console log. */
export interface ConsoleLine {
  readonly text: string;
  /** Seconds since 1970; absent: now. */
  readonly timestamp?: number | undefined;
  /** Whether it came from standard error. */
  readonly error?: boolean | undefined;
}

/** A line as the stream takes it: UTC time to the microsecond, then the text. `now` is in seconds since 1970. */
export function consoleLine(line: ConsoleLine, now: number): string {
  const seconds = line.timestamp ?? now;
  const micros = Math.round((seconds - Math.floor(seconds)) * 1e6) % 1e6;
  const whole = new Date(Math.floor(seconds) * 1000).toISOString().slice(0, 19);
  return `${line.error === true ? "ERROR " : ""}${whole}.${String(micros).padStart(6, "0")} ${line.text}`;
}

/** The plain text of the console log, for the run file. Beyond 1 MiB it lies in a temporary file, not in memory. */
export class ConsoleText {
  #parts: string[] = [];
  #partsBytes = 0;
  #fileBytes = 0;
  #folder: string | undefined;
  #file: FileHandle | undefined;

  /** Whether there is no line yet. */
  get empty(): boolean {
    return this.#partsBytes + this.#fileBytes === 0;
  }

  /** Adds lines. */
  async add(lines: readonly ConsoleLine[]): Promise<void> {
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
    if (this.#folder !== undefined) await rm(this.#folder, { recursive: true, force: true });
  }

  async #spill(): Promise<void> {
    const bytes = Buffer.from(this.#parts.join(""));
    this.#parts = [];
    this.#partsBytes = 0;
    if (this.#file === undefined) {
      this.#folder = await mkdtemp(join(tmpdir(), "marian-tracking-"));
      this.#file = await open(this.#path(), "a");
    }
    await this.#file.appendFile(bytes);
    this.#fileBytes += bytes.length;
  }

  #path(): string {
    return join(this.#folder ?? tmpdir(), "output.log");
  }
}
