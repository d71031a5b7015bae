import { FileStream, type FileStreamOptions, type StreamFile } from "../client/file-stream.js";
import {
  type DeliveryState,
  type StreamCounts,
  type StreamName,
  writeDelivered,
} from "../offline/delivery-state.js";
import { eachStream, STREAMS } from "./delivery-plan.js";

const FILES: { readonly [name in StreamName]: StreamFile } = {
  history: "wandb-history.jsonl",
  events: "wandb-events.jsonl",
  console: "output.log",
};

/** What a sender needs in addition to the needs of its streams. */
interface LineSenderOptions {
  readonly stream: Omit<FileStreamOptions, "offsets" | "beforeBatch" | "onUndelivered" | "pacing">;
  /** The folder with the delivery state. */
  readonly directory: string;
  readonly state: DeliveryState;
  /** Server line of the file's line 0. */
  readonly anchor: StreamCounts;
  /** The first line that is sent, in the file's counting. */
  readonly first: StreamCounts;
  /**
   * Console lines from this number on may still change, because the file is not at its end; they are sent, but
   * noted as not acknowledged. Undefined: none.
   */
  readonly openConsoleFrom?: number | undefined;
}

/**
 * Sends numbered lines, and keeps the delivery state up to what the server acknowledged. A request that was carried
 * out but not noted is sent again by the next run of the program, to the same lines.
 */
export class LineSender {
  readonly #options: LineSenderOptions;
  /** Number of the next line by the present stream's own counting. */
  readonly #next: { [name in StreamName]: number };
  readonly #sent = { history: 0, events: 0, console: 0 };
  readonly #acknowledged = { history: 0, events: 0, console: 0 };
  #start: StreamCounts;
  #stream: FileStream;
  #state: DeliveryState;

  constructor(options: LineSenderOptions) {
    this.#options = options;
    this.#state = options.state;
    this.#next = { ...options.first };
    this.#start = options.first;
    this.#stream = this.#open();
  }

  /** Why lines no longer reach the server; undefined while they do. */
  get failure(): Error | undefined {
    return this.#stream.failure;
  }

  /** Whether the server acknowledged the end of the run. */
  get completed(): boolean {
    return this.#stream.completed;
  }

  /** Lines that went out at least once. */
  get sent(): StreamCounts {
    return eachStream((name) => this.#sent[name] + this.#stream.counts(FILES[name]).sent);
  }

  /** Lines that the server confirmed. */
  get acknowledged(): StreamCounts {
    return eachStream((name) => this.#acknowledged[name] + this.#stream.counts(FILES[name]).acknowledged);
  }

  /** Sends a line under its number, as soon as there is room for it. Never rejects: see `failure`. */
  async push(name: StreamName, line: number, content: string): Promise<void> {
    if (this.#next[name] !== line) await this.#jump(name, line);
    this.#next[name] += 1;
    await this.#stream.push(FILES[name], [content]);
  }

  /** Settles when everything so far is acknowledged, and noted, or has failed. */
  async flush(): Promise<void> {
    await this.#stream.flush();
    await this.#note();
  }

  /** Reports run files as uploaded, with the next request. */
  uploaded(names: readonly string[]): void {
    this.#stream.uploaded(names);
  }

  /** Notes that the summary is to be sent. */
  touchSummary(): void {
    this.#stream.touchSummary();
  }

  /** Sends what is left; with an exit code that is the end of the run. Never rejects because of the server. */
  async finish(exitCode: number | undefined): Promise<void> {
    if (exitCode === undefined) await this.#stream.end();
    else await this.#stream.complete(exitCode);
    await this.#note();
  }

  /** Ends the present stream, for when something else went wrong. A second call does nothing. */
  async close(): Promise<void> {
    await this.#stream.end();
  }

  /** A stream counts its lines by itself, so lines that don't follow on need a new one. */
  async #jump(name: StreamName, line: number): Promise<void> {
    await this.#stream.end();
    if (this.#stream.failure !== undefined) return;
    await this.#note();
    for (const stream of STREAMS) {
      const counts = this.#stream.counts(FILES[stream]);
      this.#sent[stream] += counts.sent;
      this.#acknowledged[stream] += counts.acknowledged;
    }
    this.#next[name] = line;
    this.#start = { ...this.#next };
    this.#stream = this.#open();
  }

  #open(): FileStream {
    const { anchor, stream } = this.#options;
    return new FileStream({
      ...stream,
      pacing: "bulk",
      offsets: Object.fromEntries(STREAMS.map((name) => [FILES[name], anchor[name] + this.#start[name]])),
      // By now the request before is acknowledged.
      beforeBatch: () => this.#note(),
      // They are in the offline file.
      onUndelivered: () => {},
    });
  }

  async #note(): Promise<void> {
    const reached = eachStream((name) => {
      const { acknowledged } = this.#stream.counts(FILES[name]);
      const known = this.#state.acknowledged[name];
      const most = name === "console" ? (this.#options.openConsoleFrom ?? Infinity) : Infinity;
      return acknowledged === 0 ? known : Math.max(known, Math.min(this.#start[name] + acknowledged, most));
    });
    if (STREAMS.every((name) => reached[name] === this.#state.acknowledged[name])) return;
    this.#state = { ...this.#state, acknowledged: reached };
    await writeDelivered(this.#options.directory, this.#state);
  }
}
