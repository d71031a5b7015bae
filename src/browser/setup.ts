/** What a page needs before it can read: the core, and how its workers are made. */
import { type CoreModule, instantiateCore, instantiatedCore } from "../core/core.js";
import type { Packing } from "../io/packed/packing.js";

/** The core's bytes (the file `marian_log.wasm` of the package), or what `WebAssembly.compile` makes of them. */
export type CoreSource = BufferSource | WebAssembly.Module;

/** Makes a worker that runs the package's worker script; one for zstd must have `worker-zstd.js`. */
export type MakeWorker = (packing: Packing | "plain") => Worker;

/** What else a page may bring. */
export interface InitOptions {
  /** Makes the workers, where the page has its own place for their script: `() => new Worker(address)`. */
  readonly worker?: MakeWorker;
}

/** What is there to read with. */
export interface Tools {
  /** For workers; absent where only this thread has the core. */
  readonly module?: WebAssembly.Module;
  readonly makeWorker?: MakeWorker;
}

/** Loads the core at most once, whoever asks first. */
export class Setup {
  readonly #load: (() => Promise<CoreSource>) | undefined;
  #makeWorker: MakeWorker | undefined;
  #loading: Promise<WebAssembly.Module> | undefined;
  #module: WebAssembly.Module | undefined;

  /** @param load Brings the core where the page gives none; without it, the page has to. */
  constructor(load?: () => Promise<CoreSource>, makeWorker?: MakeWorker) {
    this.#load = load;
    this.#makeWorker = makeWorker;
  }

  /** @throws Error in words when the core can't be fetched or compiled; the next call tries again. */
  async init(core?: CoreSource, options: InitOptions = {}): Promise<void> {
    if (options.worker !== undefined) this.#makeWorker = options.worker;
    if (this.#module !== undefined || (core === undefined && instantiatedCore() !== undefined)) return;
    this.#loading ??= this.#compile(core).catch((error: unknown) => {
      this.#loading = undefined;
      throw error;
    });
    this.#module = await this.#loading;
  }

  async tools(): Promise<Tools> {
    await this.init();
    return {
      ...(this.#module === undefined ? {} : { module: this.#module }),
      ...(this.#makeWorker === undefined ? {} : { makeWorker: this.#makeWorker }),
    };
  }

  /** The core on this thread. */
  core(): CoreModule {
    const core = instantiatedCore();
    if (core !== undefined) return core;
    const module = this.#module;
    if (module === undefined) throw new Error("The parser's core is not loaded yet: await init() first.");
    return instantiateCore(() => module);
  }

  async #compile(given: CoreSource | undefined): Promise<WebAssembly.Module> {
    const core = given ?? (await this.#load?.());
    if (core === undefined)
      throw new Error("The parser's core was not given yet: await init(bytes of marian_log.wasm) first.");
    if (core instanceof WebAssembly.Module) return core;
    return compileInWords(WebAssembly.compile(core), "what init() was given");
  }
}

/** Waits for a compilation; its fault is told with where the core came from. */
export async function compileInWords(
  compiling: Promise<WebAssembly.Module>,
  place: string,
): Promise<WebAssembly.Module> {
  try {
    return await compiling;
  } catch (error) {
    const fault = error instanceof Error ? error.message : String(error);
    throw new Error(
      `The parser's core (${place}) could not be compiled: ${fault}. ` +
        "It needs WebAssembly with SIMD: Chrome 91, Firefox 89, Safari 16.4 or newer.",
      { cause: error },
    );
  }
}
