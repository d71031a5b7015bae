import { LONGEST_LINE_BYTES } from "../client/file-stream.js";
import { type LineSpan, lineOfRecord } from "../offline/delivery-state.js";

/** What is known of the lines of one stream that a server holds, in the numbers of the file. */
interface DeliveredLines {
  /** Lines below this one were acknowledged and are skipped. */
  readonly acknowledged: number;
  /** Lines that the server holds. */
  readonly held: number;
  /** Highest step among them, -1 for none. Only for history. */
  readonly lastStep?: number | undefined;
  /** Rows of steps up to this one are on the server. Only for history, and only of a training that goes on. */
  readonly anchorStep?: number | undefined;
}

/**
 * Gives each record of a stream the number of its line. The same records get the same numbers in every run of
 * the program, which is what makes an interrupted delivery repeatable.
 */
export class LinePlacer {
  readonly #spans: readonly LineSpan[];
  readonly #delivered: DeliveredLines;
  #records = 0;
  #tooLong = 0;
  #repeated = 0;
  #unplaced = 0;
  #damaged = false;
  #afterDamage: { next: number; readonly lastStep: number } | "by count" | undefined;

  constructor(spans: readonly LineSpan[], delivered: DeliveredLines) {
    this.#spans = spans;
    this.#delivered = delivered;
  }

  /** Records so far. */
  get records(): number {
    return this.#records;
  }

  /** Lines that are longer than W&B takes. They have no number: the next line moves up. */
  get tooLong(): number {
    return this.#tooLong;
  }

  /** Rows of updates that the server has already. They have no number either. */
  get repeated(): number {
    return this.#repeated;
  }

  /** Lines after damage whose number is not certain enough to be sent. */
  get unplaced(): number {
    return this.#unplaced;
  }

  /** Notes that records may be missing from here on. */
  damaged(): void {
    this.#damaged = true;
  }

  /** Number of the next record's line in the file's own counting; undefined when it is not to be sent. */
  place(content: string, step?: number): number | undefined {
    const record = this.#records;
    this.#records += 1;
    if (content.length * 3 > LONGEST_LINE_BYTES && Buffer.byteLength(content) > LONGEST_LINE_BYTES) {
      this.#tooLong += 1;
      return undefined;
    }
    if (step !== undefined && step <= (this.#delivered.anchorStep ?? Number.NEGATIVE_INFINITY)) {
      this.#repeated += 1;
      return undefined;
    }
    const line = lineOfRecord(this.#spans, record);
    // After damage the count is a lower bound. Within the last span the number that it gives is still one of this
    // file's own lines; before that it could be a line that somebody else has written.
    if (line === undefined || (this.#damaged && (this.#spans.at(-1)?.record ?? 0) > record)) {
      this.#unplaced += 1;
      return undefined;
    }
    const own = line - this.#tooLong - this.#repeated;
    return this.#damaged ? this.#placeAfterDamage(own, step) : own;
  }

  /**
   * Where the server got lines from after the damage already (from the training itself), the count no longer tells
   * which; the step does.
   */
  #placeAfterDamage(own: number, step: number | undefined): number | undefined {
    const { acknowledged, held, lastStep } = this.#delivered;
    this.#afterDamage ??=
      lastStep !== undefined && acknowledged > own
        ? { next: Math.max(held, acknowledged), lastStep }
        : "by count";
    if (this.#afterDamage === "by count" || step === undefined) return own;
    if (step <= this.#afterDamage.lastStep) return undefined;
    this.#afterDamage.next += 1;
    return this.#afterDamage.next - 1;
  }
}
