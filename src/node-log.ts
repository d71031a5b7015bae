/** The text of one log, for the library in Node. */
import { inputAgain, inputChunks, type LogInput } from "./io/chunks.js";
import { decompress } from "./io/packed/decompress.js";
import { refuseTar } from "./io/packed/tar-header.js";
import { type LogReading, LogTimes } from "./run/marian-log.js";

/** A log that is being read. What is known of the reading holds at its end. */
export class NodeLog implements LogReading {
  /** Ends at the end of the log, and at a {@link fault}. */
  readonly chunks: AsyncGenerator<Uint8Array>;
  readonly #times = new LogTimes();
  #fault: Error | undefined;

  /** @throws TypeError when the input is nothing that holds bytes. */
  constructor(input: LogInput) {
    this.chunks = this.#read(this.#times.watch(refuseTar(decompress(inputChunks(input), inputAgain(input)))));
  }

  get fault(): Error | undefined {
    return this.#fault;
  }

  get timed(): boolean {
    return this.#times.found;
  }

  async *#read(text: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    try {
      yield* text;
    } catch (error) {
      this.#fault = error instanceof Error ? error : new Error(String(error));
    }
  }
}
