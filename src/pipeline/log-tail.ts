/** The end of a log: it shows what a training died of, and costs next to nothing while the whole is read. */
import { checkLog } from "../check/check-log.js";
import type { Death } from "../check/course-check.js";
import { LogParser } from "../core/log-parser.js";
import { nodeCore } from "../node-core.js";
import type { RunUpdate } from "../run/run-reader.js";

/** How much is kept. */
const KEPT = 1 << 16;
const LINE_END = 0x0a;

/** Keeps the last bytes of a log; chunks need not outlive the call. */
export class LogTail {
  readonly #buffer = new Uint8Array(2 * KEPT);
  #length = 0;
  #whole = true;

  take({ chunk }: Pick<RunUpdate, "chunk">): void {
    if (chunk === undefined) return;
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
   * What the training's process printed when it died; undefined if it did not die, or printed nothing.
   *
   * @param lines Of the whole log.
   */
  async death(lines: number): Promise<Death | undefined> {
    // The first line may be half of one.
    const bytes = this.#buffer.subarray(0, this.#length);
    const start = this.#whole ? 0 : bytes.indexOf(LINE_END) + 1;
    using parser = new LogParser(nodeCore(), { marks: true });
    const { death, tally } = await checkLog(parser, [bytes.subarray(start)], { kinds: ["unfinished"] });
    if (death === undefined) return undefined;
    return { line: death.line + lines - tally.counts.lines, text: death.text };
  }
}
