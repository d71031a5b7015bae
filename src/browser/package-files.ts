/** Loads the files next to this module: the core and the workers' scripts. Bundlers know this form of address. */
import type { Packing } from "../io/packed/packing.js";
import type { CoreSource } from "../library/library.js";
import { compiled } from "./page-platform.js";

const CORE = "wasm/marian_log_wasm_bg.wasm";

/** Fetches and compiles the core. */
export async function fetchCore(): Promise<CoreSource> {
  const moved = movedPackage();
  const url = moved === undefined ? coreUrl() : new URL(CORE, moved);
  const response = await fetch(url).catch((error: unknown) => {
    throw new Error(`The parser's core could not be fetched from ${url}: ${error}`, { cause: error });
  });
  if (!response.ok)
    throw new Error(`The parser's core could not be fetched: ${url} answered ${response.status}.`);
  const type = response.headers.get("content-type") ?? "no type";
  if (type.startsWith("application/wasm"))
    return compiled(WebAssembly.compileStreaming(response), String(url));
  // Some static servers do not send that type, and without it the core can't be compiled while it loads.
  const bytes = await response.arrayBuffer();
  if (bytes.byteLength < 4 || new DataView(bytes).getUint32(0) !== 0x0061736d)
    throw new Error(`The parser's core could not be fetched: ${url} is not WebAssembly but ${type}.`);
  return compiled(WebAssembly.compile(bytes), String(url));
}

/** Starts a worker; only logs in zstd load what zstd needs. */
export function startWorker(packing: Packing | "plain"): Worker {
  const moved = movedPackage();
  if (moved !== undefined) {
    const script = packing === "zstd" ? "worker-zstd.js" : "worker.js";
    return new Worker(new URL(`dist/web/${script}`, moved), { type: "module" });
  }
  return packing === "zstd"
    ? new Worker(new URL("./worker-zstd.js", import.meta.url), { type: "module" })
    : new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
}

function coreUrl(): URL {
  return new URL("../../wasm/marian_log_wasm_bg.wasm", import.meta.url);
}

/**
 * The package's folder if this module was moved out of it: Vite before 8, in development, serves a package's script from
 * `node_modules/.vite/deps/` without the files next to it.
 */
function movedPackage(): URL | undefined {
  const core = coreUrl();
  return core.pathname.endsWith(`/node_modules/${CORE}`) ? new URL("../marian-tracking/", core) : undefined;
}
