/** Standard input, and its echo. */
import { fstatSync } from "node:fs";
import type { Readable, Writable } from "node:stream";
import { InputError } from "./input-error.js";
import type { Source } from "./source.js";

/** Standard input; with an echo, every byte goes there before it is read. */
export class StdinSource implements Source {
  readonly name = "-";
  readonly #stdin: Readable;
  readonly #echo: Echo | undefined;
  #ended = false;

  constructor(stdin: Readable, echo?: Echo) {
    this.#stdin = stdin;
    this.#echo = echo;
  }

  /** A file that was put there (`< train.log`) may still grow. */
  get closed(): boolean {
    return this.#ended && !(this.#stdin === process.stdin && stdinIs("file"));
  }

  /** With an echo, the input is read to its end even when the reader stops early. */
  async *chunks(): AsyncGenerator<Uint8Array> {
    if (this.#stdin === process.stdin && stdinIs("directory"))
      throw new InputError("standard input is a directory: name the logs in it, or pipe a log in");
    const chunks: AsyncIterator<Buffer> = this.#stdin.iterator({ destroyOnReturn: false });
    try {
      for (;;) {
        const next = await chunks.next();
        if (next.done) {
          this.#ended = this.#stdin.readableEnded;
          return;
        }
        await this.#echo?.write(next.value);
        yield next.value;
      }
    } finally {
      if (this.#echo === undefined) this.#stdin.destroy();
      else await this.#drain(chunks, this.#echo);
    }
  }

  async #drain(chunks: AsyncIterator<Buffer>, echo: Echo): Promise<void> {
    for (;;) {
      const next = await chunks.next();
      if (next.done) return;
      await echo.write(next.value);
    }
  }
}

/** Passes bytes on unchanged. When nobody takes them any more, they are dropped, and the reading goes on. */
export class Echo {
  readonly #out: Writable;
  #closed = false;
  #fault: Error | undefined;

  constructor(out: Writable) {
    this.#out = out;
    // The callback of `write` tells of faults. oclif's own listener throws, and that would end a training's pipe.
    out.removeAllListeners("error");
    out.on("error", () => {});
  }

  /** Why not everything was taken. A reader that has seen enough (`head`) is no fault. */
  get fault(): Error | undefined {
    return this.#fault;
  }

  /** Whether nobody reads on: what is written then is dropped. */
  get closed(): boolean {
    return this.#closed;
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (this.#closed) return;
    const error = await new Promise<NodeJS.ErrnoException | null | undefined>((resolve) =>
      this.#out.write(bytes, resolve),
    );
    if (!error) return;
    this.#closed = true;
    if (error.code !== "EPIPE") this.#fault = error;
  }
}

/** Whether standard input is of a kind. */
export function stdinIs(kind: "file" | "directory"): boolean {
  try {
    const info = fstatSync(0);
    return kind === "file" ? info.isFile() : info.isDirectory();
  } catch {
    return false;
  }
}
