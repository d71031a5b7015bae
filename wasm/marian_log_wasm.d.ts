/* tslint:disable */
/* eslint-disable */

/**
 * One parser with its batch.
 */
export class Core {
    free(): void;
    [Symbol.dispose](): void;
    /**
     * Adds a pattern of the user's; throws its fault in words.
     */
    addPattern(name: string, regex: string): void;
    /**
     * Parses the first `length` bytes of the input. The batch is emptied first unless `append` is set.
     */
    commit(length: number, append: boolean): number;
    /**
     * Formats the batch's training rows as CSV; the text replaces the last one.
     *
     * `columns` has a bit for each field of [`csv::Columns`], in their order.
     */
    csv(columns: number, times: Float64Array, prefix: Uint8Array): number;
    /**
     * Looks for marks, too.
     */
    findMarks(): void;
    /**
     * Ends the log.
     */
    finish(): number;
    /**
     * Whether a record waits for the lines after it.
     */
    holds(): boolean;
    /**
     * The name of a metric.
     */
    metricName(index: number): string | undefined;
    /**
     * A parser for one log.
     */
    constructor();
    /**
     * Makes room for `length` bytes of input and returns its address.
     */
    reserve(length: number): number;
    /**
     * For a log that is still written; see [`Parser::set_live`].
     */
    setLive(): void;
    /**
     * Hands over what waits, by what is known.
     */
    settle(): number;
}

/**
 * What the start of each line of `text` tells, three numbers a line: length of the worker's prefix, milliseconds of
 * its time (NaN where it has none), and 1 where that time is UTC.
 */
export function lineStarts(text: Uint8Array): Float64Array;

export type InitInput = RequestInfo | URL | Response | BufferSource | WebAssembly.Module;

export interface InitOutput {
    readonly memory: WebAssembly.Memory;
    readonly __wbg_core_free: (a: number, b: number) => void;
    readonly core_addPattern: (a: number, b: number, c: number, d: number, e: number, f: number) => void;
    readonly core_commit: (a: number, b: number, c: number) => number;
    readonly core_csv: (a: number, b: number, c: number, d: number, e: number, f: number) => number;
    readonly core_findMarks: (a: number) => void;
    readonly core_finish: (a: number) => number;
    readonly core_holds: (a: number) => number;
    readonly core_metricName: (a: number, b: number, c: number) => void;
    readonly core_new: () => number;
    readonly core_reserve: (a: number, b: number) => number;
    readonly core_setLive: (a: number) => void;
    readonly core_settle: (a: number) => number;
    readonly lineStarts: (a: number, b: number, c: number) => void;
    readonly __wbindgen_add_to_stack_pointer: (a: number) => number;
    readonly __wbindgen_export: (a: number, b: number) => number;
    readonly __wbindgen_export2: (a: number, b: number, c: number, d: number) => number;
    readonly __wbindgen_export3: (a: number, b: number, c: number) => void;
}

export type SyncInitInput = BufferSource | WebAssembly.Module;

/**
 * Instantiates the given `module`, which can either be bytes or
 * a precompiled `WebAssembly.Module`.
 *
 * @param {{ module: SyncInitInput }} module - Passing `SyncInitInput` directly is deprecated.
 *
 * @returns {InitOutput}
 */
export function initSync(module: { module: SyncInitInput } | SyncInitInput): InitOutput;

/**
 * If `module_or_path` is {RequestInfo} or {URL}, makes a request and
 * for everything else, calls `WebAssembly.instantiate` directly.
 *
 * @param {{ module_or_path: InitInput | Promise<InitInput> }} module_or_path - Passing `InitInput` directly is deprecated.
 *
 * @returns {Promise<InitOutput>}
 */
export default function __wbg_init (module_or_path?: { module_or_path: InitInput | Promise<InitInput> } | InitInput | Promise<InitInput>): Promise<InitOutput>;
