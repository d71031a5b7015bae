/** The log of a run that goes on: every reader gets it from its first byte. */
import type { ServerResponse } from "node:http";

/** What one connection gets, for tests that plan them. */
export interface PlannedConnection {
  /** Bytes from the log's start. */
  readonly bytes: number;
  /** How it ends: broken off, as if it were whole, with an error of the tunnel, or not at all. */
  readonly end: "kill" | "end" | "refuse" | "hang";
}

/** A log that grows. */
export class LiveLog {
  /** Connections to come; without any the log is sent as it is and goes on. */
  readonly plan: PlannedConnection[] = [];
  /** Connections that there were. */
  connections = 0;
  #content: Buffer = Buffer.alloc(0);
  readonly #readers = new Set<ServerResponse>();

  /** What there is so far. */
  get content(): Buffer {
    return this.#content;
  }

  /** Readers that are connected. */
  get readers(): number {
    return this.#readers.size;
  }

  /** Adds to the log; every reader gets it. */
  append(more: string | Buffer): void {
    const bytes = Buffer.from(more as string);
    this.#content = Buffer.concat([this.#content, bytes]);
    for (const reader of this.#readers) reader.write(bytes);
  }

  /** Breaks all connections off, as a crash does. */
  kill(): void {
    for (const reader of this.#readers) reader.destroy();
    this.#readers.clear();
  }

  /** Ends all connections in order, as the end of the run does. */
  end(): void {
    for (const reader of this.#readers) reader.end();
    this.#readers.clear();
  }

  /** Answers a request. */
  serve(response: ServerResponse): void {
    this.connections += 1;
    const planned = this.plan.shift();
    if (planned?.end === "refuse") {
      response
        .writeHead(502, { "Content-Type": "text/html" })
        .end("<html><title>502 Bad Gateway</title></html>");
      return;
    }
    response.writeHead(200, { "Content-Type": "text/plain; charset=utf-8" });
    if (planned === undefined) {
      response.write(this.#content);
      this.#readers.add(response);
      response.on("close", () => this.#readers.delete(response));
      return;
    }
    response.write(this.#content.subarray(0, planned.bytes), () => {
      if (planned.end === "end") response.end();
      // A little later, so that what was written arrives.
      else if (planned.end === "kill") setImmediate(() => response.destroy());
    });
    if (planned.bytes === 0) response.flushHeaders();
  }
}
