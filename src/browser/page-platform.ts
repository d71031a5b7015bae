/** The library's platform in a page: loads the core, and parses in a worker if the page may have one. */
import { type CoreModule, instantiateCore, instantiatedCore } from "../core/core.js";
import { LogParser } from "../core/log-parser.js";
import { openWebLog, type WebLogInput } from "../io/web-log.js";
import type { CoreSource, InitOptions, MakeWorker, Platform } from "../library/library.js";
import { type OpenLog, ProgressCalls, type ReadOptions } from "../library/open-log.js";
import { PackedParser } from "./packed-parser.js";
import { WorkerLog } from "./worker-log.js";
import { takeWorker } from "./workers.js";

/** Loads the core at most once, whoever asks first. */
export class PagePlatform implements Platform<WebLogInput> {
  readonly #load: (() => Promise<CoreSource>) | undefined;
  #makeWorker: MakeWorker | undefined;
  #loading: Promise<WebAssembly.Module> | undefined;
  /** For workers; undefined if only this thread has the core. */
  #module: WebAssembly.Module | undefined;

  /** @param load Fetches the core if the page does not pass it to `init`; without it, the page must. */
  constructor(load?: () => Promise<CoreSource>, makeWorker?: MakeWorker) {
    this.#load = load;
    this.#makeWorker = makeWorker;
  }

  async init(core?: CoreSource, options: InitOptions = {}): Promise<void> {
    if (options.worker !== undefined) this.#makeWorker = options.worker;
    if (this.#module !== undefined || (core === undefined && instantiatedCore() !== undefined)) return;
    this.#loading ??= this.#compile(core).catch((error: unknown) => {
      this.#loading = undefined;
      throw error;
    });
    this.#module = await this.#loading;
  }

  core(): CoreModule {
    const core = instantiatedCore();
    if (core !== undefined) return core;
    const module = this.#module;
    if (module === undefined) throw new Error("The parser's core is not loaded yet: await init() first.");
    return instantiateCore(() => module);
  }

  async open(input: WebLogInput, options: ReadOptions): Promise<OpenLog> {
    const { progress, signal, worker: wanted, ...parserOptions } = options;
    signal?.throwIfAborted();
    await this.init();
    const module = this.#module;
    const log = await openWebLog(input, signal);
    const calls = new ProgressCalls(progress, log.size);
    try {
      if (wanted !== false && module !== undefined) {
        const parser = new PackedParser(() => this.core(), parserOptions.timeZone);
        // Only what a worker needs: not everything that a page may put there can be sent.
        const patterns = (parserOptions.patterns ?? []).map(({ name, regex }) => ({ name, regex }));
        const { marks = false } = parserOptions;
        const worker = await takeWorker(this.#makeWorker, log.packing);
        if (worker !== undefined)
          return new WorkerLog(worker, { module, patterns, marks }, log, parser, calls, signal);
      }
      const { PageLog } = await import("./page-log.js");
      return new PageLog(log, new LogParser(this.core(), parserOptions), calls, signal);
    } catch (error) {
      log.chunks.return().catch(() => {});
      throw error;
    }
  }

  async #compile(given: CoreSource | undefined): Promise<WebAssembly.Module> {
    const core = given ?? (await this.#load?.());
    if (core === undefined)
      throw new Error("The parser's core is missing: await init(bytes of marian_log.wasm) first.");
    if (core instanceof WebAssembly.Module) return core;
    return compiled(WebAssembly.compile(core), "passed to init()");
  }
}

/** Waits for a compilation; an error says where the core came from. */
export async function compiled(
  compiling: Promise<WebAssembly.Module>,
  from: string,
): Promise<WebAssembly.Module> {
  try {
    return await compiling;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(
      `The parser's core (${from}) could not be compiled: ${reason}. ` +
        "It needs WebAssembly with SIMD: Chrome 91, Firefox 89, Safari 16.4 or newer.",
      { cause: error },
    );
  }
}
