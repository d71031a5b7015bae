/** A log that is parsed on the page's own thread. Pages that have a worker do not load this. */
import type { LogParser } from "../core/log-parser.js";
import { textOf } from "../io/web-chunks.js";
import type { WebLog } from "../io/web-log.js";
import { LocalLog } from "../library/local-log.js";
import type { ProgressCalls } from "../library/open-log.js";

export class PageLog extends LocalLog {
  constructor(log: WebLog, parser: LogParser, calls: ProgressCalls, signal: AbortSignal | undefined) {
    super(
      { chunks: log.chunks, unpack: (stored) => textOf(log, stored), inPage: true },
      parser,
      calls,
      signal,
    );
  }
}
