/** The core in Node: read from the package's own `wasm/`. */
import { readFileSync } from "node:fs";
import { type CoreModule, instantiateCore } from "./parser/core.js";

/** Instantiates the core once; about 5 ms. */
export function nodeCore(): CoreModule {
  return instantiateCore(() => readFileSync(new URL("../wasm/marian_log_wasm_bg.wasm", import.meta.url)));
}
