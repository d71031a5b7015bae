/** Text of a log on its way to a terminal, or without what the worker puts before its lines. */

/** `[task 2026-11-23T19:00:01.000Z] `, `[taskcluster …]`, `[vcs …]`, `[setup …]` */
const PREFIX = /^\[[a-z][\w.:-]{0,30} \d{4}-\d\d-\d\dT[\d:.]{5,20}Z\] ?/;
/** No prefix is longer. */
const LONGEST_PREFIX = 80;
const LINE_END = 0x0a;
const OPENING = 0x5b;

/** Takes the prefixes of Taskcluster's workers away. Holds back the start of a line at most. */
export class PrefixStripper {
  /** The start of a line, while it may still be a prefix; undefined within a line. */
  #start: Buffer | undefined = Buffer.alloc(0);

  take(chunk: Uint8Array): Buffer {
    const out: Buffer[] = [];
    let rest = Buffer.from(chunk);
    while (rest.length > 0) {
      if (this.#start === undefined) {
        const end = rest.indexOf(LINE_END) + 1 || rest.length;
        out.push(rest.subarray(0, end));
        if (rest[end - 1] === LINE_END) this.#start = Buffer.alloc(0);
        rest = rest.subarray(end);
        continue;
      }
      rest = Buffer.concat([this.#start, rest]);
      const head = rest.subarray(0, LONGEST_PREFIX);
      if (head[0] === OPENING && head.length < LONGEST_PREFIX && !head.includes(LINE_END)) {
        this.#start = rest;
        break;
      }
      this.#start = undefined;
      const [prefix = ""] = PREFIX.exec(head.toString("latin1")) ?? [];
      rest = rest.subarray(prefix.length);
    }
    return Buffer.concat(out);
  }

  /** What was held back. */
  end(): Buffer {
    const held = this.#start ?? Buffer.alloc(0);
    this.#start = undefined;
    return held.subarray((PREFIX.exec(held.toString("latin1")) ?? [""])[0].length);
  }
}

/** Makes a log harmless for a terminal: nothing in it moves the cursor, colours or types. */
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

/** Progress that writes over itself becomes lines; other control characters become visible. */
function harmless(text: string): Buffer {
  return Buffer.from(text.replace(/\r+\n?/g, "\n").replace(/[^\P{Cc}\n\t]/gu, "\u{FFFD}"));
}
