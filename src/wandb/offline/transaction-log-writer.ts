/** Appends records to an offline file on disk, buffered. */
import { existsSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { named, writing } from "../../io/output-file.js";
import { roomFor, TransactionLogEncoder } from "./transaction-log.js";

/** What has to happen with a write. */
export type WritePreparation = {
  /** Records to write after those that wait. */
  readonly records: readonly Uint8Array[];
  /** The write begins when this is fulfilled. */
  readonly ready: Promise<void>;
};

/** How a record file is written. */
type TransactionLogWriterOptions = {
  /** Milliseconds that a record may wait in memory; a killed process loses at most that. */
  readonly flushInterval: number;
  /** Called before each write. */
  readonly prepareWrite: () => WritePreparation;
};

// Enough that a long replay makes few system calls, little enough for a run to cost nothing.
const BUFFER_SIZE = 65_536;

/** A new offline file. After a failed write (disk full) every call fails with that error; the file is then cut. */
export class TransactionLogWriter {
  readonly #path: string;
  readonly #handle: FileHandle;
  readonly #options: TransactionLogWriterOptions;
  readonly #encoder = new TransactionLogEncoder();
  /** What waits, and room for more. */
  #waiting = Buffer.alloc(0);
  #waitingBytes = 0;
  #writing: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #failure: { readonly error: unknown } | undefined;
  /** Bytes that stay as they are. */
  #written = 0;
  /** Records after those, which the next write replaces, and whether they are in the file as they are now. */
  #tail: readonly Uint8Array[] = [];
  #tailWaits = false;
  /** Length of the file. */
  #size = 0;

  private constructor(path: string, handle: FileHandle, options: TransactionLogWriterOptions) {
    this.#path = path;
    this.#handle = handle;
    this.#options = options;
  }

  /** Creates the file; fails with EEXIST when there is one. */
  static async create(path: string, options: TransactionLogWriterOptions): Promise<TransactionLogWriter> {
    return new TransactionLogWriter(path, await open(path, "wx"), options);
  }

  /**
   * Adds a copy of a record. It is in order from the moment of the call; the promise is the back pressure of the disk, and absent
   * without back pressure.
   *
   * @throws What an earlier write failed with.
   */
  append(record: Uint8Array): Promise<void> | undefined {
    if (this.#failure !== undefined) throw this.#failure.error;
    this.#add(record);
    if (this.#waitingBytes >= BUFFER_SIZE) return this.#drain();
    this.#startTimer();
    return undefined;
  }

  /** Puts records at the end of the file that may still change; the next records take their place. */
  setTail(records: readonly Uint8Array[]): void {
    if (records.length + this.#tail.length === 0) return;
    this.#tail = records;
    this.#tailWaits = true;
    this.#startTimer();
  }

  /** Resolves when everything appended so far is handed to the operating system. */
  async flush(): Promise<void> {
    await this.#writing?.catch(() => {});
    await this.#drain();
  }

  /**
   * Flushes, waits for the disk and closes the file.
   *
   * @throws Error with the code `REMOVED` where somebody has taken the file away: what it held is lost.
   */
  async close(): Promise<void> {
    try {
      await this.flush();
      await writing(this.#path, this.#handle.datasync());
      // A file system that counts no links may say 0 of any file.
      if ((await this.#handle.stat()).nlink === 0 && !existsSync(this.#path))
        throw Object.assign(new Error(`${this.#path} was removed while it was being written`), {
          code: "REMOVED",
          path: this.#path,
        });
    } finally {
      clearTimeout(this.#timer);
      await this.#handle.close();
    }
  }

  #add(record: Uint8Array): void {
    const wanted = this.#waitingBytes + roomFor(record);
    if (wanted > this.#waiting.length) {
      const larger = Buffer.allocUnsafe(Math.max(BUFFER_SIZE / 16, 2 * wanted));
      larger.set(this.#waiting.subarray(0, this.#waitingBytes));
      this.#waiting = larger;
    }
    this.#waitingBytes = this.#encoder.write(record, this.#waiting, this.#waitingBytes);
  }

  #startTimer(): void {
    // A failure is kept, and is the answer to the next call.
    this.#timer ??= setTimeout(() => void this.#drain().catch(() => {}), this.#options.flushInterval);
  }

  #drain(): Promise<void> {
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
    });
    return this.#writing;
  }

  async #write(): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure.error;
    try {
      do {
        clearTimeout(this.#timer);
        this.#timer = undefined;
        const preparation = this.#options.prepareWrite();
        for (const record of preparation.records) this.#add(record);
        // Taken before anything is awaited: what comes in later may need a preparation of its own.
        const batch = this.#waiting.subarray(0, this.#waitingBytes);
        this.#waiting = Buffer.alloc(0);
        this.#waitingBytes = 0;
        const encoder = this.#encoder.fork();
        const tail = this.#tail.map((record) => encoder.encode(record));
        const waits = batch.length > 0 || this.#tailWaits;
        this.#tailWaits = false;
        await preparation.ready;
        if (waits) await this.#replaceEnd(batch, tail);
      } while (this.#waitingBytes >= BUFFER_SIZE);
      if (this.#waitingBytes > 0) this.#startTimer();
    } catch (error) {
      this.#failure = { error: named(error, this.#path) };
      throw this.#failure.error;
    }
  }

  /** Adds bytes, and after them others that the next call replaces, by one write: a kill leaves the old end or the new. */
  async #replaceEnd(bytes: Uint8Array, tail: readonly Uint8Array[]): Promise<void> {
    const all = tail.length === 0 ? bytes : Buffer.concat([bytes, ...tail]);
    for (let at = 0; at < all.length; ) {
      const { bytesWritten } = await this.#handle.write(all, at, all.length - at, this.#written + at);
      at += bytesWritten;
    }
    const size = this.#written + all.length;
    if (size < this.#size) await this.#handle.truncate(size);
    this.#size = size;
    this.#written += bytes.length;
  }
}
