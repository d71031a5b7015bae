/**
 * What `marian-tracking/browser` is in Node: tests of a page and rendering on a server. The core comes from the
 * package's files, and everything runs on the one thread.
 */
import { nodeCore } from "./node-core.js";
import { decompress } from "./sources/decompress.js";
import { useGunzip } from "./sources/unpacked.js";

nodeCore();
useGunzip(decompress);

export * from "./browser.js";
