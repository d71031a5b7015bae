/** The WebAssembly core, instantiated from bytes that the platform brings. */
import { Core, initSync, lineStarts } from "../../wasm/marian_log_wasm.js";

/** The core and its memory. All parsers of a thread share one. */
export interface CoreModule {
  readonly memory: WebAssembly.Memory;
  create(): Core;
  /** Three numbers for each line of a text; `readLineStarts` says what they are. */
  lineStarts(text: Uint8Array): Float64Array;
}

export type { Core };

let shared: CoreModule | undefined;

/**
 * Instantiates the core from its bytes or its compiled module; a second call returns the first one's.
 *
 * @throws WebAssembly.CompileError if the bytes are not WebAssembly, or use SIMD and the engine lacks it.
 */
export function instantiateCore(source: () => BufferSource | WebAssembly.Module): CoreModule {
  if (shared === undefined) {
    const { memory } = initSync({ module: source() });
    shared = { memory, create: () => new Core(), lineStarts };
  }
  return shared;
}

/** The core that was instantiated before, if any. */
export function instantiatedCore(): CoreModule | undefined {
  return shared;
}
