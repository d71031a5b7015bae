/** Text of a log for a terminal, or without the worker's prefixes. */

import type { CoreModule } from "../../core/core.js";
import { readLineStarts } from "../../core/line-start.js";
import { escapeText } from "../../io/escape.js";

/** Bytes of the longest prefix. */
const LONGEST_PREFIX = 80;
const LINE_END = 0x0a;
const OPENING = 0x5b;
const CLOSING = 0x5d;

/** Removes the prefixes of Taskcluster's workers. Holds back at most the start of a line. */
export class PrefixStripper {
  readonly #core: CoreModule;
  /** The start of a line that may still be a prefix; undefined within a line. */
  #start: Buffer | undefined = Buffer.alloc(0);

  constructor(core: CoreModule) {
    this.#core = core;
  }

  take(chunk: Uint8Array): Buffer {
    const out: Uint8Array[] = [];
    let text = Buffer.from(chunk);
    if (this.#start === undefined) {
      const end = text.indexOf(LINE_END) + 1 || text.length;
      out.push(text.subarray(0, end));
      if (text[end - 1] === LINE_END) this.#start = Buffer.alloc(0);
      text = text.subarray(end);
    }
    if (this.#start !== undefined) {
      text = Buffer.concat([this.#start, text]);
      const last = text.lastIndexOf(LINE_END) + 1;
      const open = text.subarray(last);
      if (mayBePrefix(open)) {
        this.#start = open;
        text = text.subarray(0, last);
      } else this.#start = undefined;
      out.push(...this.#stripped(text));
    }
    return Buffer.concat(out);
  }

  /** What was held back. */
  end(): Buffer {
    const held = this.#start ?? Buffer.alloc(0);
    this.#start = undefined;
    return Buffer.concat(this.#stripped(held));
  }

  #stripped(text: Buffer): Buffer[] {
    let at = 0;
    return readLineStarts(this.#core, text).map(({ prefix }) => {
      const from = at + prefix;
      at = text.indexOf(LINE_END, at) + 1 || text.length;
      return text.subarray(from, at);
    });
  }
}

/** Whether the incomplete start of a line may become a prefix. */
function mayBePrefix(start: Buffer): boolean {
  if (start.length === 0) return true;
  const close = start.subarray(0, LONGEST_PREFIX).indexOf(CLOSING);
  // A blank after the bracket goes with it.
  return (
    start[0] === OPENING && start.length < LONGEST_PREFIX && (close === -1 || close === start.length - 1)
  );
}

/** Makes a log harmless for a terminal: it can't move the cursor, colour or type. */
export class TerminalText {
  readonly #decoder = new TextDecoder();

  take(chunk: Uint8Array): Buffer {
    return harmless(this.#decoder.decode(chunk, { stream: true }));
  }

  /** What was held back: half of a character. */
  end(): Buffer {
    return harmless(this.#decoder.decode());
  }
}

/** Carriage returns become line feeds; other control characters become visible. */
function harmless(text: string): Buffer {
  return Buffer.from(escapeText(text.replace(/\r+\n?/g, "\n")));
}
