/** The core in Node: read from the package's own `wasm/`. */
import { readFileSync } from "node:fs";
import { type CoreModule, instantiateCore } from "./core/core.js";
import { InputError } from "./io/input-error.js";

/**
 * Instantiates the core once; about 5 ms.
 *
 * @throws InputError if the process may not have the addresses that Node reserves for it: some 10 GB, of which next to
 * nothing is used.
 */
export function nodeCore(): CoreModule {
  try {
    return instantiateCore(() => readFileSync(new URL("../wasm/marian_log_wasm_bg.wasm", import.meta.url)));
  } catch (error) {
    // Of all that can be wrong with the core, only this is a RangeError.
    if (!(error instanceof RangeError)) throw error;
    throw new InputError(
      "the address space that this process may have is too small for the parser (ulimit -v): set NODE_OPTIONS=--disable-wasm-trap-handler, or raise the limit above 12 GB",
    );
  }
}
