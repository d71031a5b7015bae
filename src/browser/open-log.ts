/** A log on its way through a parser, in a worker or on the page's thread. */
import type { BatchParser, ParserOptions } from "../core/log-parser.js";
import type { TimestampFormat } from "../core/timestamp.js";
import type { Progress } from "./progress.js";

/** How a log is read in a page. */
export interface ReadOptions extends ParserOptions {
  /** Called about ten times a second, and at the end. */
  readonly progress?: (progress: Progress) => void;
  /** Ends the reading at once, the worker too; what was called throws the signal's reason. */
  readonly signal?: AbortSignal;
  /** `false` parses on the page's own thread. Without it, that happens only where a page can't have a worker. */
  readonly worker?: boolean;
}

/** A log that is being read. */
export interface OpenLog {
  /** Takes the chunks. Where a worker parses, they are what its parser gave. */
  readonly parser: BatchParser & { readonly time: TimestampFormat };
  /** Ends at the end of the log, and at a {@link fault}. */
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Why the log could not be read to its end. */
  readonly fault: Error | undefined;
  /** Whether its start holds a time. Known at the end. */
  readonly timed: boolean;
  /** Gives everything back; what still works is ended. The parser must have been asked for its last batch. */
  close(): void;
}
