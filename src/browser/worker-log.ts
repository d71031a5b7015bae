/** A log that a worker parses. */
import type { PatternDefinition } from "../core/log-parser.js";
import type { WebLog } from "../io/web-log.js";
import type { OpenLog, ProgressCalls } from "../library/open-log.js";
import { errorOf } from "./errors.js";
import type { FromWorker, ToWorker } from "./messages.js";
import type { PackedParser } from "./packed-parser.js";
import { giveBack } from "./workers.js";

export class WorkerLog implements OpenLog {
  readonly parser: PackedParser;
  readonly chunks: AsyncIterable<Uint8Array>;
  readonly #worker: Worker;
  readonly #log: WebLog;
  readonly #calls: ProgressCalls;
  readonly #signal: AbortSignal | undefined;
  readonly #messages: Exclude<FromWorker, { type: "ready" | "pull" }>[] = [];
  #wake: () => void = () => {};
  #pulls = 0;
  #pumping = false;
  #bytes = 0;
  #state: "open" | "ended" | "closed" = "open";
  #crash: Error | undefined;
  #error: Error | undefined;
  #timed = false;

  constructor(
    worker: Worker,
    start: {
      readonly module: WebAssembly.Module;
      readonly patterns: readonly PatternDefinition[];
      readonly marks: boolean;
    },
    log: WebLog,
    parser: PackedParser,
    calls: ProgressCalls,
    signal: AbortSignal | undefined,
  ) {
    this.#worker = worker;
    this.#log = log;
    this.parser = parser;
    this.#calls = calls;
    this.#signal = signal;
    this.chunks = this.#read();
    worker.onmessage = ({ data }: MessageEvent<FromWorker>) => this.#take(data);
    worker.onerror = (event) => {
      event.preventDefault();
      this.#crash = new Error(`the worker that parses broke down: ${event.message}`);
      this.#wake();
    };
    signal?.addEventListener("abort", this.#abort);
    const blob = log.blob === undefined ? {} : { blob: log.blob };
    this.#post({ type: "start", ...start, packing: log.packing, ...blob });
  }

  get error(): Error | undefined {
    return this.#error;
  }

  get timed(): boolean {
    return this.#timed;
  }

  close(): void {
    if (this.#state === "closed") return;
    this.#signal?.removeEventListener("abort", this.#abort);
    this.#log.chunks.return().catch(() => {});
    this.parser.free();
    if (this.#state === "ended") {
      giveBack(this.#worker, this.#log.packing);
      this.#calls.read(this.#bytes, this.parser, true);
    } else this.#worker.terminate();
    this.#state = "closed";
  }

  readonly #abort = () => {
    this.#worker.terminate();
    this.#wake();
  };

  async *#read(): AsyncGenerator<Uint8Array> {
    for (;;) {
      this.#signal?.throwIfAborted();
      const message = this.#messages.shift();
      if (message === undefined) {
        if (this.#crash !== undefined) throw this.#crash;
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        continue;
      }
      if (message.type === "refused") throw errorOf(message.error);
      this.#bytes = message.bytes;
      this.parser.addMetrics(message.metrics);
      if (message.type === "end") {
        this.parser.setLast(message.packed);
        if (message.error !== undefined) this.#error ??= errorOf(message.error);
        this.#timed = message.timed;
        this.#state = "ended";
        return;
      }
      yield message.packed;
      this.#calls.read(this.#bytes, this.parser);
      this.#post({ type: "taken" });
    }
  }

  #take(message: FromWorker): void {
    if (message.type === "pull") {
      this.#pulls += 1;
      void this.#pump();
    } else if (message.type !== "ready") {
      this.#messages.push(message);
      this.#wake();
    }
  }

  /** Sends the worker the bytes that only this thread has, one chunk per pull. */
  async #pump(): Promise<void> {
    if (this.#pumping) return;
    this.#pumping = true;
    while (this.#pulls > 0) {
      this.#pulls -= 1;
      const next = await this.#log.chunks.next().catch((error: unknown) => {
        this.#error = error instanceof Error ? error : new Error(String(error));
        return undefined;
      });
      if (this.#state !== "open") return;
      if (next === undefined || next.done) return this.#post({ type: "chunk" });
      // A copy: a transfer would empty the page's own chunk.
      const chunk = next.value.slice();
      this.#post({ type: "chunk", chunk }, [chunk.buffer]);
    }
    this.#pumping = false;
  }

  #post(message: ToWorker, transfer: Transferable[] = []): void {
    this.#worker.postMessage(message, transfer);
  }
}
