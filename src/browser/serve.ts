/**
 * The worker's side: reads one log after the other and hands over the tables of the core as they are. What they mean
 * is known to the page, so this script stays small.
 */

import { type Core, type CoreModule, instantiateCore } from "../core/core.js";
import { packTable, tableLength } from "../core/layout.js";
import { refuseTar } from "../io/packed/tar-header.js";
import { type Unpack, unpacked } from "../io/packed/unpacked.js";
import { blobChunks } from "../io/web-log.js";
import { LogTimes } from "../run/marian-log.js";
import { type ErrorMessage, packedError } from "./errors.js";
import { type FromWorker, type PackedBatch, type ToWorker, WINDOW } from "./messages.js";
import { pieces } from "./pieces.js";

/** What a worker has that a page lacks; the compiler knows only the page's names. */
interface WorkerScope {
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
  postMessage(message: FromWorker, transfer?: Transferable[]): void;
}

/** Chunks that are asked for before they are needed. */
const AHEAD = 2;
/** Milliseconds after which the page hears of bytes in which nothing was found. */
const SILENCE = 50;

/** Makes this thread read logs. */
export function serve(unzstd: Unpack): void {
  const scope = globalThis as unknown as WorkerScope;
  let reading: Reading | undefined;
  scope.onmessage = ({ data }) => {
    if (data.type === "start") {
      reading = new Reading(scope);
      // Thrown again where the page hears of it.
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
  #window = WINDOW;
  #bytes = 0;
  #metrics = 0;
  #told = 0;

  constructor(scope: WorkerScope) {
    this.#scope = scope;
  }

  takeChunk(chunk: Uint8Array | undefined): void {
    this.#chunks.push(chunk);
    this.#wake();
  }

  batchTaken(): void {
    this.#window += 1;
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
      return this.#scope.postMessage({ type: "refused", fault: packedError(error) });
    }
    let fault: ErrorMessage | undefined;
    const times = new LogTimes();
    try {
      const { blob, packing } = start;
      const stored = this.#counted(blob === undefined ? this.#pulled() : blobChunks(blob));
      const again = blob === undefined ? undefined : () => blobChunks(blob);
      const text = times.watch(refuseTar(unpacked(stored, packing, unzstd, again)));
      for await (const piece of pieces(text)) {
        const address = core.reserve(piece.length);
        new Uint8Array(module.memory.buffer, address, piece.length).set(piece);
        await this.#give(module, core, core.commit(piece.length, false));
      }
    } catch (error) {
      fault = packedError(error);
    }
    const last = this.#pack(module, core, core.finish());
    const end = {
      type: "end",
      timed: times.found,
      ...last,
      ...(fault === undefined ? {} : { fault }),
    } as const;
    this.#scope.postMessage(end, [last.packed.buffer]);
    core.free();
  }

  async #give(module: CoreModule, core: Core, table: number): Promise<void> {
    if (tableLength(module, table) === 0 && performance.now() - this.#told < SILENCE) return;
    this.#told = performance.now();
    // Packed before the waiting, in which the core's memory may change.
    const message = this.#pack(module, core, table);
    while (this.#window === 0) await this.#woken();
    this.#window -= 1;
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
