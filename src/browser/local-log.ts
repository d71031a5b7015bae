/** A log that is parsed on the page's own thread. */
import type { LogParser } from "../core/log-parser.js";
import { refuseTar } from "../io/packed/tar-header.js";
import { unpacked } from "../io/packed/unpacked.js";
import { loadedUnzstd } from "../io/web-chunks.js";
import type { WebLog } from "../io/web-log.js";
import { LogTimes } from "../run/marian-log.js";
import type { OpenLog } from "./open-log.js";
import { pieces } from "./pieces.js";
import type { ProgressCalls } from "./progress.js";

/** Milliseconds after which the page gets a turn. */
const TURN = 16;

export class LocalLog implements OpenLog {
  readonly parser: LogParser;
  readonly chunks: AsyncIterable<Uint8Array>;
  readonly #log: WebLog;
  readonly #calls: ProgressCalls;
  readonly #signal: AbortSignal | undefined;
  readonly #times = new LogTimes();
  #bytes = 0;
  #ended = false;
  #fault: Error | undefined;

  constructor(log: WebLog, parser: LogParser, calls: ProgressCalls, signal: AbortSignal | undefined) {
    this.#log = log;
    this.parser = parser;
    this.#calls = calls;
    this.#signal = signal;
    this.chunks = this.#read();
  }

  get fault(): Error | undefined {
    return this.#fault;
  }

  get timed(): boolean {
    return this.#times.found;
  }

  close(): void {
    this.#log.chunks.return().catch(() => {});
    if (this.#ended) this.#calls.read(this.#bytes, this.parser, true);
    this.parser.free();
  }

  async *#read(): AsyncGenerator<Uint8Array> {
    let turn = performance.now();
    try {
      const unpackedLog = refuseTar(
        unpacked(this.#counted(), this.#log.packing, loadedUnzstd, this.#log.again),
      );
      const text = this.#times.watch(unpackedLog);
      for await (const piece of pieces(text)) {
        yield piece;
        this.#calls.read(this.#bytes, this.parser);
        if (performance.now() - turn < TURN) continue;
        await new Promise((resolve) => setTimeout(resolve));
        turn = performance.now();
      }
    } catch (error) {
      this.#signal?.throwIfAborted();
      this.#fault = error instanceof Error ? error : new Error(String(error));
    }
    this.#ended = true;
  }

  async *#counted(): AsyncGenerator<Uint8Array> {
    for await (const chunk of this.#log.chunks) {
      this.#bytes += chunk.length;
      yield chunk;
    }
  }
}
