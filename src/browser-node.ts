/**
 * What `marian-tracking/browser` is in Node: tests of a page and rendering on a server. The core comes from the
 * package's files, and everything runs on the one thread.
 */

import { decompress } from "./io/packed/decompress.js";
import { useGunzip } from "./io/packed/unpacked.js";
import { nodeCore } from "./node-core.js";

nodeCore();
useGunzip(decompress);

export * from "./browser.js";
