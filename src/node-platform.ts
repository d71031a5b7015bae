/** The library's platform in Node: the core comes from the package's files, and logs are parsed on the calling thread. */

import { LogParser } from "./core/log-parser.js";
import { decompress } from "./io/packed/decompress.js";
import type { OpenedLog } from "./io/web-log.js";
import type { Platform } from "./library/library.js";
import { LocalLog } from "./library/local-log.js";
import { ProgressCalls } from "./library/open-log.js";
import { nodeCore } from "./node-core.js";

/** @param openInput Opens what the entry can read a log from. */
export function nodePlatform<Input>(
  openInput: (input: Input, signal?: AbortSignal) => Promise<OpenedLog>,
): Platform<Input> {
  return {
    async init() {
      nodeCore();
    },
    core: nodeCore,
    async open(input, options) {
      const { progress, signal } = options;
      signal?.throwIfAborted();
      const parser = new LogParser(nodeCore(), options);
      try {
        const { chunks, size, again } = await openInput(input, signal);
        const unpack = (stored: AsyncIterable<Uint8Array>) => decompress(stored, again);
        return new LocalLog(
          { chunks, unpack, inPage: false },
          parser,
          new ProgressCalls(progress, size),
          signal,
        );
      } catch (error) {
        parser.free();
        throw error;
      }
    },
  };
}
