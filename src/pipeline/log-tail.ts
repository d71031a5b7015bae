/** The end of a log: it shows how a training ended, and costs next to nothing while the whole is read. */
import type { Death, PartSoFar, TrainingState } from "../check/course-check.js";
import { RunChecker } from "../check/run-checker.js";
import { LogParser } from "../core/log-parser.js";
import { nodeCore } from "../node-core.js";
import { RunReader } from "../run/run-reader.js";

/** How much is kept. */
const KEPT = 1 << 16;
const LINE_END = 0x0a;

/** How a training ended. */
export interface LogEnd {
  /** What its process printed when it died; undefined if it did not die, or printed nothing. */
  readonly death: Death | undefined;
  /** Undefined if the log does not show it. */
  readonly state: TrainingState | undefined;
}

/** Memory of a tail that has ended: an archive has one log after the other. */
let spare: Uint8Array<ArrayBuffer> | undefined;

/** Keeps the last bytes of a log; chunks need not outlive the call. */
export class LogTail {
  #buffer = new Uint8Array(0);
  #length = 0;
  #whole = true;

  take(chunk: Uint8Array): void {
    if (this.#buffer.length === 0) {
      this.#buffer = spare ?? new Uint8Array(2 * KEPT);
      spare = undefined;
    }
    const end = chunk.subarray(Math.max(0, chunk.length - KEPT));
    if (this.#length + end.length > this.#buffer.length) {
      this.#buffer.copyWithin(0, this.#length - KEPT, this.#length);
      this.#length = KEPT;
      this.#whole = false;
    }
    if (end.length < chunk.length) {
      this.#length = 0;
      this.#whole = false;
    }
    this.#buffer.set(end, this.#length);
    this.#length += end.length;
  }

  /**
   * How the training ended, by the marks of its last lines.
   *
   * @param lines Of the whole log.
   * @param part What the whole log shows without its marks.
   */
  async end(lines: number, part: PartSoFar): Promise<LogEnd> {
    // The first line may be half of one.
    const bytes = this.#buffer.subarray(0, this.#length);
    const start = this.#whole ? 0 : bytes.indexOf(LINE_END) + 1;
    using parser = new LogParser(nodeCore(), { marks: true });
    const reader = new RunReader(parser);
    const check = new RunChecker(parser.time, { kinds: ["unfinished"] });
    if (!this.#whole) check.resume(part);
    check.take(await reader.read(bytes.subarray(start)));
    check.take(await reader.finish());
    check.finish();
    if (this.#buffer.length > 0) spare = this.#buffer;
    const { death, state } = check;
    const before = lines - reader.tally.counts.lines;
    return { death: death && { line: death.line + before, text: death.text }, state };
  }
}
