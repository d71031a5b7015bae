import { messageOf, WandbError } from "./errors.js";
import {
  encodeStreamRequest,
  type LinesOfFile,
  type StreamConnection,
  sendStreamRequest,
} from "./file-stream-request.js";
import { LineBuffer } from "./line-buffer.js";

/** Files that are sent line by line. The summary is not among them: it is one object that is sent whole. */
export const STREAM_FILES = ["wandb-history.jsonl", "wandb-events.jsonl", "output.log"] as const;

/** Name of a file that is sent line by line. */
export type StreamFile = (typeof STREAM_FILES)[number];

/** Longest line that W&B takes, in bytes. */
export const LONGEST_LINE_BYTES = 10 * 1024 * 1024 - 100 * 1024;

const REQUEST_BYTES = 2 * 1024 * 1024;
const LARGEST_REQUEST_BYTES = 8 * 1024 * 1024;
const LIVE_INTERVAL_MS = 15_000;
const HEARTBEAT_MS = 30_000;
const HISTORY: StreamFile = "wandb-history.jsonl";
/** Bytes of acknowledged rows after which the server is asked whether it holds them. */
const UNCONFIRMED_BYTES = 4 * 1024 * 1024;
const CONFIRM_FIRST_MS = 1000;
const CONFIRM_LONGEST_MS = 4000;

/** Lines that the server has not acknowledged: `lines[0]` is line `offset` of the run's file. */
export interface UndeliveredLines {
  readonly file: StreamFile;
  readonly offset: number;
  readonly lines: readonly string[];
}

/** What became of a file's lines. `sent` counts lines that went out at least once. */
export interface LineCounts {
  readonly pushed: number;
  readonly sent: number;
  readonly acknowledged: number;
  readonly undelivered: number;
  /** Longer than W&B takes; never sent. */
  readonly tooLong: number;
}

/** How a stream is made. */
export interface FileStreamOptions extends StreamConnection {
  /** Lines of each file that the server holds already; the first line pushed gets this number. Default 0. */
  readonly offsets?: Readonly<Partial<Record<StreamFile, number>>>;
  /** "live": the first request at once, then one per 15 s. "bulk": full batches, as fast as acknowledged. */
  readonly pacing: "live" | "bulk";
  /** Bytes at which a batch is sent without waiting. Default 2 MiB; a request never has more than 8 MiB of lines. */
  readonly requestBytes?: number | undefined;
  /** Bytes above which `push` waits. Default twice `requestBytes`. */
  readonly bufferBytes?: number | undefined;
  /**
   * Asks the server how many rows it holds. Rows are forgotten only after that; where it holds fewer than it
   * acknowledged, the stream ends and the others are undelivered. Absent: an acknowledgement is enough.
   */
  readonly heldRows?: (() => Promise<number>) | undefined;
  /**
   * The complete summary as JSON; asked for once per batch that has it.
   *
   * @param rows Lines of history that the server holds with this batch, those that may still change included.
   */
  readonly summary?: ((rows: number) => string) | undefined;
  /** Called before each batch is put together. */
  readonly beforeBatch?: (() => void | Promise<void>) | undefined;
  /** A line was too long and is not sent. */
  readonly onLineTooLong?: ((file: StreamFile, bytes: number) => void) | undefined;
  /**
   * Takes the lines that can't be delivered: once with everything that was buffered when the stream failed, then with
   * every later push.
   */
  readonly onUndelivered?: ((lines: UndeliveredLines) => void) | undefined;
  /** Takes the history lines that are shown and can't be delivered: those at the failure, then those of every `show`. */
  readonly onShownUndelivered?: ((lines: UndeliveredLines) => void) | undefined;
}

type Counter = { -readonly [name in keyof LineCounts]: number };

interface Batch {
  readonly body: Buffer;
  readonly takenLines: ReadonlyMap<StreamFile, number>;
  readonly uploaded: number;
  readonly last: boolean;
}

/**
 * The line-by-line part of a run. One request is under way at a time, in order; a line counts as delivered when its
 * request was acknowledged. Sending a request again is safe: the same lines go to the same places.
 */
export class FileStream {
  readonly #options: FileStreamOptions;
  readonly #buffers: Readonly<Record<StreamFile, LineBuffer>>;
  /** Acknowledged rows that the server has not yet been asked about. */
  readonly #unconfirmed: LineBuffer;
  readonly #counters: Readonly<Record<StreamFile, Counter>>;
  readonly #requestBytes: number;
  readonly #bufferBytes: number;
  readonly #openedAt: number;
  #lastSendAt: number | undefined;
  #firstWorkAt: number | undefined;
  #uploaded: string[] = [];
  /** History lines that may still change, as JSON strings, and whether the server has them. */
  #shown: readonly string[] = [];
  #shownWaits = false;
  #preempting = false;
  #summaryDirty = false;
  #poked = false;
  #flushing = false;
  #exitCode: number | undefined;
  #acknowledgedLast = false;
  #failure: WandbError | Error | undefined;
  #waiters: (() => void)[] = [];
  #wake: (() => void) | undefined;
  #ending = false;
  readonly #done: Promise<void>;

  constructor(options: FileStreamOptions) {
    this.#options = options;
    this.#requestBytes = Math.min(options.requestBytes ?? REQUEST_BYTES, LARGEST_REQUEST_BYTES);
    this.#bufferBytes = options.bufferBytes ?? 2 * this.#requestBytes;
    const { client, offsets } = options;
    this.#buffers = ofEachFile((file) => new LineBuffer(offsets?.[file]));
    this.#unconfirmed = new LineBuffer(offsets?.[HISTORY]);
    this.#counters = ofEachFile(() => ({ pushed: 0, sent: 0, acknowledged: 0, undelivered: 0, tooLong: 0 }));
    this.#openedAt = client.http.clock.now();
    this.#done = this.#loop();
  }

  /** Why the stream ended early; undefined while it works. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Whether the server acknowledged the end of the run, and holds the rows. */
  get completed(): boolean {
    return this.#acknowledgedLast && this.#failure === undefined;
  }

  /** Bytes of lines that wait for their acknowledgement. */
  get bufferedBytes(): number {
    return STREAM_FILES.reduce((sum, file) => sum + this.#buffers[file].bytes, 0);
  }

  /** What became of a file's lines. */
  counts(file: StreamFile): LineCounts {
    return { ...this.#counters[file] };
  }

  /** Adds lines. Settles when there is room for more; never rejects (see `failure` and `onUndelivered`). */
  async push(file: StreamFile, lines: readonly string[]): Promise<void> {
    for (const line of lines) this.#add(file, line);
    while (this.bufferedBytes >= this.#bufferBytes && this.#failure === undefined) {
      this.#wakeUp();
      await this.#nextChange();
    }
  }

  /**
   * Shows history lines that may still change, after those that were pushed. They go with the next batch and belong to
   * no count; the next pushed line takes the place of the first of them.
   */
  show(lines: readonly string[]): void {
    if (this.#failure !== undefined) {
      this.#handOverShown(lines);
      return;
    }
    this.#shown = lines.map((line) => JSON.stringify(line));
    this.#shownWaits = lines.length > 0;
    if (this.#shownWaits) this.#noteWork();
  }

  /** Lets the next history line take the place of the last one that the server held. Only before the first push. */
  stepBack(): void {
    this.#buffers["wandb-history.jsonl"].stepBack();
    this.#unconfirmed.stepBack();
  }

  /** Notes that the summary has changed; it goes with the next batch. */
  touchSummary(): void {
    this.#summaryDirty = true;
    this.#noteWork();
  }

  /** Notes that something outside (a row that isn't finished) should go with the next batch. */
  poke(): void {
    this.#poked = true;
    this.#noteWork();
  }

  /** Reports run files as uploaded, with the next batch. */
  uploaded(names: readonly string[]): void {
    this.#uploaded.push(...names);
    if (names.length > 0) this.#noteWork();
  }

  /** Names of run files that the server was not told of yet. */
  get unreported(): readonly string[] {
    return this.#uploaded;
  }

  /** Tells the server that the machine is about to be taken away. Sent at once. */
  async preempting(): Promise<void> {
    this.#preempting = true;
    await this.flush();
  }

  /** Settles when everything pushed so far is acknowledged or has failed. */
  async flush(): Promise<void> {
    while (this.#hasWork() && this.#failure === undefined) {
      this.#flushing = true;
      this.#wakeUp();
      await this.#nextChange();
    }
  }

  /** Sends what is left together with the exit code, and ends the stream. Never rejects: see `completed`. */
  async complete(exitCode: number): Promise<void> {
    this.#exitCode = exitCode;
    this.#wakeUp();
    await this.#done;
  }

  /** Ends the stream without telling the server, after what is left has been sent. */
  async end(): Promise<void> {
    await this.flush();
    this.#ending = true;
    this.#wakeUp();
    await this.#done;
  }

  #add(file: StreamFile, line: string): void {
    const counter = this.#counters[file];
    // Three bytes a character is the most that UTF-8 needs, so most lines are not measured.
    if (line.length * 3 > LONGEST_LINE_BYTES && Buffer.byteLength(line) > LONGEST_LINE_BYTES) {
      counter.tooLong += 1;
      this.#options.onLineTooLong?.(file, Buffer.byteLength(line));
      return;
    }
    counter.pushed += 1;
    if (file === "wandb-history.jsonl") this.show([]);
    const buffer = this.#buffers[file];
    if (this.#failure !== undefined) {
      this.#handOver({ file, offset: buffer.skip(), lines: [line] });
      return;
    }
    const before = this.bufferedBytes;
    buffer.push(line);
    if (before === 0) this.#noteWork();
    if (before < this.#requestBytes && this.bufferedBytes >= this.#requestBytes) this.#wakeUp();
  }

  #handOverShown(lines: readonly string[]): void {
    const file = "wandb-history.jsonl";
    this.#options.onShownUndelivered?.({ file, offset: this.#buffers[file].end, lines });
  }

  #handOver(part: UndeliveredLines): void {
    this.#counters[part.file].undelivered += part.lines.length;
    this.#options.onUndelivered?.(part);
  }

  #hasWork(): boolean {
    return (
      this.bufferedBytes > 0 ||
      this.#uploaded.length > 0 ||
      this.#summaryDirty ||
      this.#shownWaits ||
      this.#preempting ||
      this.#poked
    );
  }

  #noteWork(): void {
    if (this.#firstWorkAt !== undefined) return;
    this.#firstWorkAt = this.#options.client.http.clock.now();
    this.#wakeUp();
  }

  #wakeUp(): void {
    this.#wake?.();
  }

  #nextChange(): Promise<void> {
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  #announceChange(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) waiter();
  }

  async #loop(): Promise<void> {
    try {
      while (await this.#untilDue()) {
        await this.#options.beforeBatch?.();
        const batch = this.#takeBatch();
        for (const [file, count] of batch.takenLines) this.#counters[file].sent += count;
        this.#lastSendAt = this.#options.client.http.clock.now();
        await sendStreamRequest(this.#options, batch.body);
        this.#acknowledge(batch);
        this.#announceChange();
        if (batch.last) break;
        if (this.#unconfirmed.bytes >= UNCONFIRMED_BYTES) await this.#confirm();
      }
      await this.#confirm();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** @throws WandbError when the server does not hold what it acknowledged; WandbError when it can't be asked. */
  async #confirm(): Promise<void> {
    const { heldRows, client, scope } = this.#options;
    const rows = this.#unconfirmed;
    if (heldRows === undefined) return rows.drop(rows.length);
    const { clock } = client.http;
    const start = clock.now();
    for (let pause = CONFIRM_FIRST_MS; rows.length > 0; pause *= 2) {
      const held = await heldRows().catch((error: unknown) => {
        if (!(error instanceof WandbError)) throw error;
        // Acknowledged they are, and may be held: `sync` asks before it sends them.
        this.#handOver({ file: HISTORY, offset: rows.start, lines: rows.takeAll() });
        throw new WandbError(
          "not-held",
          `W&B could not be asked whether it holds the rows: ${error.message}`,
        );
      });
      rows.drop(Math.max(0, Math.min(rows.length, held - rows.start)));
      if (rows.length === 0) return;
      // What was just written may take a moment to be counted.
      const late = clock.now() + pause > scope.budget.deadline(start);
      if (!late && pause <= CONFIRM_LONGEST_MS && scope.signal?.aborted !== true) {
        await clock.sleep(pause, scope.signal);
        continue;
      }
      const part: UndeliveredLines = { file: HISTORY, offset: rows.start, lines: rows.takeAll() };
      this.#counters[HISTORY].acknowledged -= part.lines.length;
      this.#handOver(part);
      throw new WandbError(
        "not-held",
        `W&B acknowledged ${part.offset + part.lines.length} rows of the run and holds ${held}: is the base URL that of a W&B server?`,
      );
    }
  }

  /** Waits until a request is due, for data or as a heartbeat; false when the stream has been ended. */
  async #untilDue(): Promise<boolean> {
    const { clock } = this.#options.client.http;
    for (;;) {
      if (this.#ending) return false;
      const full = this.bufferedBytes >= this.#requestBytes;
      if (full || this.#flushing || this.#exitCode !== undefined) return true;
      const left = this.#dueAt() - clock.now();
      if (left <= 0) return true;
      const woken = new AbortController();
      this.#wake = () => woken.abort();
      await clock.sleep(left, woken.signal, this.#hasWork() ? "pace" : "heartbeat");
      this.#wake = undefined;
    }
  }

  #dueAt(): number {
    if (!this.#hasWork()) return (this.#lastSendAt ?? this.#openedAt) + HEARTBEAT_MS;
    if (this.#options.pacing === "live")
      return (this.#lastSendAt ?? Number.NEGATIVE_INFINITY) + LIVE_INTERVAL_MS;
    // In bulk a batch that doesn't fill up is sent late enough for most runs to need one request only.
    return (this.#firstWorkAt ?? this.#openedAt) + LIVE_INTERVAL_MS;
  }

  #takeBatch(): Batch {
    const takenLines = new Map<StreamFile, number>();
    const files: LinesOfFile[] = [];
    let room = this.#requestBytes;
    let more = false;
    let rows = this.#buffers[HISTORY].start;
    for (const file of STREAM_FILES) {
      const buffer = this.#buffers[file];
      // A line that is larger than a whole request goes alone.
      const count = buffer.fitting(room, files.length === 0);
      more ||= count < buffer.length;
      const shown = file === HISTORY && this.#shownWaits && !more ? this.#shown : [];
      // Those that were shown before are still there.
      if (file === HISTORY) rows += count + (this.#shownWaits && more ? 0 : this.#shown.length);
      if (count + shown.length === 0) continue;
      const lines = [...(count === 0 ? [] : [buffer.joined(count)]), ...shown];
      files.push({ file, offset: buffer.start, lines });
      room -= buffer.bytesOf(count);
      takenLines.set(file, count);
    }
    const summary = this.#summaryDirty ? this.#options.summary?.(rows) : undefined;
    const last = this.#exitCode !== undefined && !more;
    const uploaded = this.#uploaded;
    const preempting = this.#preempting;
    const exitCode = last ? this.#exitCode : undefined;
    const body = encodeStreamRequest({ files, summary, uploaded, preempting, exitCode });
    // From here on changes belong to the next batch.
    this.#summaryDirty = false;
    if (!more) this.#shownWaits = false;
    this.#preempting = false;
    this.#poked = false;
    return { body, takenLines, uploaded: uploaded.length, last };
  }

  #acknowledge(batch: Batch): void {
    for (const [file, count] of batch.takenLines) {
      if (file === HISTORY) this.#buffers[file].moveTo(this.#unconfirmed, count);
      else this.#buffers[file].drop(count);
      this.#counters[file].acknowledged += count;
    }
    this.#uploaded = this.#uploaded.slice(batch.uploaded);
    this.#acknowledgedLast = batch.last;
    if (this.#hasWork()) {
      this.#firstWorkAt = this.#options.client.http.clock.now();
    } else {
      this.#firstWorkAt = undefined;
      this.#flushing = false;
    }
  }

  #fail(error: unknown): void {
    this.#failure = error instanceof Error ? error : new Error(messageOf(error));
    for (const file of STREAM_FILES) {
      const buffer = this.#buffers[file];
      if (buffer.length > 0) this.#handOver({ file, offset: buffer.start, lines: buffer.takeAll() });
    }
    if (this.#shown.length > 0) this.#handOverShown(this.#shown.map((line) => JSON.parse(line) as string));
    this.#announceChange();
  }
}

function ofEachFile<T>(make: (file: StreamFile) => T): Readonly<Record<StreamFile, T>> {
  return {
    "wandb-history.jsonl": make("wandb-history.jsonl"),
    "wandb-events.jsonl": make("wandb-events.jsonl"),
    "output.log": make("output.log"),
  };
}
