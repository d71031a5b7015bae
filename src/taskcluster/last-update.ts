import { LogParser } from "../core/log-parser.js";
import { decompress } from "../io/packed/decompress.js";
import type { Source } from "../io/source.js";
import { nodeCore } from "../node-core.js";

/** How far a training has come. */
export interface LastUpdate {
  /** With decimals where Marian prints them. */
  readonly epoch: number;
  readonly up: number;
}

/** The last training record of a log; undefined if it has none. */
export async function lastUpdate(source: Source): Promise<LastUpdate | undefined> {
  using parser = new LogParser(nodeCore());
  let last: LastUpdate | undefined;
  const read = ({ training }: ReturnType<LogParser["feed"]>) => {
    const row = training.up.length - 1;
    if (row >= 0) last = { epoch: training.epoch[row] ?? 0, up: training.up[row] ?? 0 };
  };
  for await (const chunk of decompress(source.chunks())) read(parser.feed(chunk));
  read(parser.finish());
  return last;
}
