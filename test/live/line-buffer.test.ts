import { Writable } from "node:stream";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LineBuffer } from "../../src/live/line-buffer.js";

/** A reader that takes bytes only when it is told to. */
class SlowReader extends Writable {
  readonly #taken: Buffer[] = [];
  #next: (() => void) | undefined;
  ended = false;

  constructor() {
    super({ highWaterMark: 1 });
  }

  get text(): string {
    return Buffer.concat(this.#taken).toString();
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#taken.push(Buffer.from(chunk));
    this.#next = done;
  }

  override _final(done: () => void): void {
    this.ended = true;
    done();
  }

  async take(): Promise<void> {
    const next = this.#next;
    this.#next = undefined;
    next?.();
    await new Promise((resolve) => setImmediate(resolve));
  }

  async takeAll(): Promise<void> {
    while (this.#next !== undefined) await this.take();
  }
}

const bytes = (text: string) => Buffer.from(text);

describe("LineBuffer", () => {
  it("hands everything over, what came before the reader too", async () => {
    const feed = new LineBuffer(1000);
    const reader = new SlowReader();
    feed.push(bytes("one\n"));
    feed.start(reader);
    feed.push(bytes("two\nthr"));
    feed.push(bytes("ee"));
    feed.end();
    feed.push(bytes("not for it"));
    await reader.takeAll();
    expect([reader.text, reader.ended, feed.loss]).toEqual(["one\ntwo\nthree", true, undefined]);
  });

  it("leaves out whole lines where there is no room, and goes on where lines begin", async () => {
    const feed = new LineBuffer(20);
    const reader = new SlowReader();
    feed.start(reader);
    feed.push(bytes("aaaa\n"));
    feed.push(bytes("bbbb\ncc"));
    feed.push(bytes("cc\ndddddddddddddd"));
    feed.push(bytes("d\nkept\n"));
    await reader.takeAll();
    feed.push(bytes("kept too\neeee\n"));
    feed.end();
    await reader.takeAll();
    expect(reader.text).toBe("aaaa\nbbbb\nkept\nkept too\neeee\n");
    expect(feed.loss).toEqual({ from: 10, bytes: 2 + 17 + 2 });
  });

  it("counts what nobody reads any more", async () => {
    const feed = new LineBuffer(100);
    const reader = new SlowReader();
    feed.start(reader);
    feed.push(bytes("taken\n"));
    await reader.takeAll();
    feed.push(bytes("on the way\n"));
    feed.push(bytes("waiting\n"));
    reader.destroy();
    await new Promise((resolve) => setImmediate(resolve));
    feed.push(bytes("later\n"));
    expect(feed.loss).toEqual({ from: 6, bytes: 11 + 8 + 6 });
  });

  it("gives whole lines of the log, in order, and counts the others, whatever the pace", async () => {
    const step = fc.oneof(
      fc.nat(40).map((size) => ({ push: size })),
      fc.constant("take" as const),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 120 }),
        fc.integer({ min: 200, max: 400 }),
        async (steps, limit) => {
          const feed = new LineBuffer(limit);
          const reader = new SlowReader();
          feed.start(reader);
          let log = "";
          let number = 0;
          for (const one of steps) {
            if (one === "take") {
              await reader.take();
              continue;
            }
            // Pieces end anywhere in a line.
            let piece = "";
            while (piece.length < one.push) piece += `${number++}:${"x".repeat(number % 7)}\n`;
            const cut = log.length - (log.lastIndexOf("\n") + 1);
            piece = piece.slice(0, Math.max(0, one.push - (cut % 3)));
            log += piece;
            feed.push(bytes(piece));
          }
          feed.push(bytes("\n"));
          log += "\n";
          await reader.takeAll();
          feed.end();
          await reader.takeAll();
          const lines = log.split("\n");
          let at = 0;
          for (const line of reader.text.split("\n")) {
            at = lines.indexOf(line, at);
            expect(at).toBeGreaterThanOrEqual(0);
            at += 1;
          }
          expect(reader.text.length + (feed.loss?.bytes ?? 0)).toBe(log.length);
        },
      ),
      { numRuns: 300 },
    );
  });
});
