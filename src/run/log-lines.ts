/** The lines of a log as text, for a console log. */

import type { CoreModule } from "../core/core.js";
import { readLineStarts } from "../core/line-start.js";
import type { TimestampFormat } from "../core/timestamp.js";
import { concatBytes } from "../io/byte-stream.js";
import type { Segment } from "./segment.js";

/** A line without the prefix of Taskcluster's worker. */
export interface LogText {
  readonly text: string;
  /** Seconds since 1970 when it was printed: by the prefix, else by Marian's stamp; absent if it has neither. */
  readonly timestamp?: number;
}

/** Longest line that is kept; the rest of a longer one is cut. */
const MAX_TEXT = 64 * 1024;
/** Enough bytes for that much text, whatever its characters. */
const MAX_BYTES = 3 * MAX_TEXT;
const LINE_END = 0x0a;

/** Divides chunks of bytes into lines. */
export class LogLines {
  readonly #core: CoreModule;
  readonly #time: TimestampFormat;
  /** Keeps a byte order mark, which is a character wherever the log does not begin with it. */
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  readonly #encoder = new TextEncoder();
  /** Lines at which segments start, from the second on. */
  readonly #starts: number[] = [];
  #rest: Uint8Array = new Uint8Array();
  #line = 0;
  #segment = 0;

  /** @param time Knows the zone of each segment. */
  constructor(core: CoreModule, time: TimestampFormat) {
    this.#core = core;
    this.#time = time;
  }

  /** Tells of starts of Marian, in the order of the log, so that a line's stamp is read in its segment's zone. */
  startSegments(segments: Iterable<Pick<Segment, "segment" | "line" | "config">>): void {
    for (const { segment, line, config } of segments) {
      if (segment > 0) this.#starts[segment - 1] = line;
      const zone = config?.["log-time-zone"];
      if (typeof zone === "string") this.#time.setZone(segment, zone);
    }
  }

  /** Takes bytes and returns the lines that they complete. */
  take(chunk: Uint8Array): LogText[] {
    const end = chunk.lastIndexOf(LINE_END) + 1;
    if (end === 0) {
      this.#keep(chunk);
      return [];
    }
    const lines = chunk.subarray(0, end);
    const block = this.#rest.length === 0 ? lines : concatBytes(this.#rest, lines);
    this.#rest = new Uint8Array();
    this.#keep(chunk.subarray(end));
    return this.#read(block);
  }

  /** Ends the log: returns its unterminated last line, if there is one. */
  finish(): LogText[] {
    const rest = this.#rest;
    this.#rest = new Uint8Array();
    return rest.length === 0 ? [] : this.#read(rest);
  }

  #keep(bytes: Uint8Array): void {
    const room = MAX_BYTES - this.#rest.length;
    if (bytes.length > 0 && room > 0) this.#rest = concatBytes(this.#rest, bytes.subarray(0, room));
  }

  #read(block: Uint8Array): LogText[] {
    const text = this.#decoder.decode(block);
    const lines = (this.#line === 0 ? text.replace(/^\ufeff/, "") : text).split("\n");
    return readLineStarts(this.#core, block).map((start, index) => {
      this.#line += 1;
      while (this.#line >= (this.#starts[this.#segment] ?? Number.POSITIVE_INFINITY)) this.#segment += 1;
      const line = lines[index] ?? "";
      // Of progress output only the last state is of use.
      const whole = line.endsWith("\r") ? line.slice(0, -1) : line;
      const at = whole.lastIndexOf("\r") + 1;
      const last = whole.slice(at, at + MAX_TEXT);
      if (at === 0) return this.#text(last.slice(start.prefix), start);
      const [own] = readLineStarts(this.#core, this.#encoder.encode(last));
      // Its prefix may stand at the first state alone.
      return this.#text(last.slice(own?.prefix), own?.time === undefined ? start : own);
    });
  }

  #text(text: string, { time, utc }: { time?: number; utc: boolean }): LogText {
    if (time === undefined) return { text };
    return { text, timestamp: this.#time.absolute(time, utc, this.#segment) / 1000 };
  }
}
