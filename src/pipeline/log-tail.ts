/** The end of a log: it shows how a training ended, and costs next to nothing while the whole is read. */
import type { Death, PartSoFar, TrainingState } from "../check/course-check.js";
import { RunChecker } from "../check/run-checker.js";
import { LogParser } from "../core/log-parser.js";
import { nodeCore } from "../node-core.js";
import { RunReader } from "../run/run-reader.js";

/** How much is kept. */
const KEPT = 1 << 16;
const LINE_END = 0x0a;
/** Only training records have it. */
const SENTENCES = " : Sen. ";
/** What stands before that in a line under Marian's stamp, maybe after Taskcluster's prefix. */
const STAMPED = /^(?:\[task [^\]]*\] ?)?\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\] Ep\. \S+ : Up\. ([\d,]+)$/;

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
    const kept = this.#buffer.subarray(0, this.#length);
    const bytes = kept.subarray(this.#whole ? 0 : kept.indexOf(LINE_END) + 1);
    let end: LogEnd | undefined;
    if (!this.#whole) end = await finishedEnd(bytes, part);
    end ??= await readEnd(bytes, lines, this.#whole ? undefined : part);
    if (this.#buffer.length > 0) spare = this.#buffer;
    return end;
  }
}

/**
 * The end of a training that says it has finished, by the lines from the last training record on; undefined if these don't
 * tell. What was printed before that record could only excuse limits that were missed, and starts a part without a
 * banner: then the record has no stamp, or `Training started` stands in the text.
 */
async function finishedEnd(bytes: Uint8Array, part: PartSoFar): Promise<LogEnd | undefined> {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const at = text.lastIndexOf(SENTENCES);
  const start = at < 0 ? 0 : text.lastIndexOf(LINE_END, at) + 1;
  if (start === 0 || text.includes("Training started")) return undefined;
  const [, up] = STAMPED.exec(text.toString("latin1", start, at)) ?? [];
  // Of a record that may be cut, the others decide.
  if (up === undefined || Number(up.replaceAll(",", "")) !== part.lastUpdate) return undefined;
  const { check } = await checkEnd(bytes.subarray(start), part);
  const isFinished = check.saysFinished && check.state === "finished" && check.death === undefined;
  return isFinished ? { death: undefined, state: "finished" } : undefined;
}

/** @param part Absent if the bytes are the whole log. */
async function readEnd(bytes: Uint8Array, lines: number, part: PartSoFar | undefined): Promise<LogEnd> {
  const { check, lines: read } = await checkEnd(bytes, part);
  const { death, state } = check;
  return { death: death && { line: death.line + lines - read, text: death.text }, state };
}

async function checkEnd(
  bytes: Uint8Array,
  part: PartSoFar | undefined,
): Promise<{ readonly check: RunChecker; readonly lines: number }> {
  using parser = new LogParser(nodeCore(), { marks: true });
  const reader = new RunReader(parser);
  const check = new RunChecker(parser.time, { kinds: ["unfinished"] });
  if (part !== undefined) check.resume(part);
  check.take(await reader.read(bytes));
  check.take(await reader.finish());
  check.finish();
  return { check, lines: reader.tally.counts.lines };
}
