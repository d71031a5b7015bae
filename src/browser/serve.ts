/**
 * The worker's side: reads one log after another and sends the tables of the core as they are. Only the page
 * interprets them, so this script stays small.
 */

import { type Core, type CoreModule, instantiateCore } from "../core/core.js";
import { packTable, tableLength } from "../core/layout.js";
import { sliced } from "../io/byte-stream.js";
import { refuseTar } from "../io/packed/tar-header.js";
import { type Unpack, unpacked } from "../io/packed/unpacked.js";
import { blobChunks } from "../io/web-log.js";
import { PAGE_CHUNK } from "../library/open-log.js";
import { LogTimes } from "../run/marian-log.js";
import { type ErrorMessage, errorMessage } from "./errors.js";
import { type FromWorker, MAX_IN_TRANSIT, type PackedBatch, type ToWorker } from "./messages.js";

/** What a worker has that a page lacks; the compiler knows only the page's names. */
interface WorkerScope {
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
  postMessage(message: FromWorker, transfer?: Transferable[]): void;
}

/** Chunks that the worker asks for before it needs them. */
const AHEAD = 2;
/** Milliseconds after which an empty batch is sent, too, to show progress. */
const SILENCE = 50;

/** Lets this thread read logs. */
export function serve(unzstd: Unpack): void {
  const scope = globalThis as unknown as WorkerScope;
  let reading: Reading | undefined;
  scope.onmessage = ({ data }) => {
    if (data.type === "start") {
      reading = new Reading(scope);
      // Outside of the promise, so that the page gets an error event.
      reading.read(data, unzstd).catch((error: unknown) => queueMicrotask(() => raise(error)));
    } else if (data.type === "chunk") reading?.takeChunk(data.chunk);
    else reading?.batchTaken();
  };
  scope.postMessage({ type: "ready" });
}

/** One log. */
class Reading {
  readonly #scope: WorkerScope;
  readonly #chunks: (Uint8Array | undefined)[] = [];
  #wake: () => void = () => {};
  #freeSlots = MAX_IN_TRANSIT;
  #bytes = 0;
  #metrics = 0;
  #sentAt = 0;

  constructor(scope: WorkerScope) {
    this.#scope = scope;
  }

  takeChunk(chunk: Uint8Array | undefined): void {
    this.#chunks.push(chunk);
    this.#wake();
  }

  batchTaken(): void {
    this.#freeSlots += 1;
    this.#wake();
  }

  async read(start: Extract<ToWorker, { type: "start" }>, unzstd: Unpack): Promise<void> {
    const module = instantiateCore(() => start.module);
    const core = module.create();
    try {
      for (const { name, regex } of start.patterns) core.addPattern(name, regex);
      if (start.marks) core.findMarks();
    } catch (error) {
      core.free();
      return this.#scope.postMessage({ type: "refused", error: errorMessage(error) });
    }
    let failure: ErrorMessage | undefined;
    const times = new LogTimes();
    try {
      const { blob, packing } = start;
      const stored = this.#counted(blob === undefined ? this.#pulled() : blobChunks(blob));
      const again = blob === undefined ? undefined : () => blobChunks(blob);
      const text = times.watch(refuseTar(unpacked(stored, packing, unzstd, again)));
      for await (const chunk of sliced(text, PAGE_CHUNK)) {
        const address = core.reserve(chunk.length);
        new Uint8Array(module.memory.buffer, address, chunk.length).set(chunk);
        await this.#send(module, core, core.commit(chunk.length, false));
      }
    } catch (error) {
      failure = errorMessage(error);
    }
    const last = this.#pack(module, core, core.finish());
    const end = {
      type: "end",
      timed: times.found,
      ...last,
      ...(failure === undefined ? {} : { error: failure }),
    } as const;
    this.#scope.postMessage(end, [last.packed.buffer]);
    core.free();
  }

  async #send(module: CoreModule, core: Core, table: number): Promise<void> {
    if (tableLength(module, table) === 0 && performance.now() - this.#sentAt < SILENCE) return;
    this.#sentAt = performance.now();
    // Packed before waiting, because the core's memory may change meanwhile.
    const message = this.#pack(module, core, table);
    while (this.#freeSlots === 0) await this.#woken();
    this.#freeSlots -= 1;
    this.#scope.postMessage({ type: "batch", ...message }, [message.packed.buffer]);
  }

  #pack(module: CoreModule, core: Core, table: number): PackedBatch {
    // A buffer of its own; declarations of the package can't say so to TypeScript before 5.7.
    const packed = packTable(module, table) as Uint8Array<ArrayBuffer>;
    const metrics: string[] = [];
    for (;;) {
      const name = core.metricName(this.#metrics);
      if (name === undefined) return { packed, metrics, bytes: this.#bytes };
      this.#metrics += 1;
      metrics.push(name);
    }
  }

  async *#counted(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      this.#bytes += chunk.length;
      yield chunk;
    }
  }

  /** Chunks that the page has. */
  async *#pulled(): AsyncGenerator<Uint8Array> {
    for (let ahead = 0; ahead < AHEAD; ahead += 1) this.#scope.postMessage({ type: "pull" });
    for (;;) {
      while (this.#chunks.length === 0) await this.#woken();
      const chunk = this.#chunks.shift();
      if (chunk === undefined) return;
      this.#scope.postMessage({ type: "pull" });
      yield chunk;
    }
  }

  #woken(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}

function raise(error: unknown): never {
  throw error;
}
