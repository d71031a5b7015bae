/* tslint:disable */
/* eslint-disable */

/**
 * One parser with its batch.
 */
export class Core {
    free(): void;
    [Symbol.dispose](): void;
    /**
     * Adds the name of a metric that another core has met.
     */
    addMetric(name: string): void;
    /**
     * Adds a pattern of the user's; throws its fault in words.
     */
    addPattern(name: string, regex: string): void;
    /**
     * Parses the first `length` bytes of the input. The batch is emptied first unless `append` is set.
     */
    commit(length: number, append: boolean): number;
    /**
     * Formats the batch's training rows; the text replaces the last one.
     *
     * `columns` has a bit for each field of [`csv::Columns`], in their order, then what [`frame`] reads.
     */
    csv(columns: number, times: Float64Array, prefix: Uint8Array): number;
    /**
     * A metric that this start is configured to validate.
     */
    expectMetric(name: string): void;
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
     * Gathers the points that the batch closes, at the end of the log all; returns a table of the points and of their metrics.
     */
    points(last: boolean): number;
    /**
     * Formats the points; the text replaces the last one. See [`csv::point_rows`]; `columns` has the bits of [`Self::csv`],
     * and `names` are on a line each.
     */
    pointsCsv(columns: number, places: Float64Array, width: number, names: string, times: Float64Array, prefix: Uint8Array): number;
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
    /**
     * Tells of the next start of Marian in the batch; see [`Points::start`].
     */
    startPoints(): void;
    /**
     * Replaces the rows of the batch by those of another core, as far as points are made of them: the order, the updates
     * of training rows, and the columns of validation rows one after the other.
     */
    takeRows(order: Uint8Array, ups: Float64Array, validation: Float64Array, present: Float64Array): void;
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
    readonly core_addMetric: (a: number, b: number, c: number) => void;
    readonly core_addPattern: (a: number, b: number, c: number, d: number, e: number) => [number, number];
    readonly core_commit: (a: number, b: number, c: number) => number;
    readonly core_csv: (a: number, b: number, c: number, d: number, e: number, f: number) => number;
    readonly core_expectMetric: (a: number, b: number, c: number) => void;
    readonly core_findMarks: (a: number) => void;
    readonly core_finish: (a: number) => number;
    readonly core_holds: (a: number) => number;
    readonly core_metricName: (a: number, b: number) => [number, number];
    readonly core_new: () => number;
    readonly core_points: (a: number, b: number) => number;
    readonly core_pointsCsv: (a: number, b: number, c: number, d: number, e: number, f: number, g: number, h: number, i: number, j: number, k: number) => number;
    readonly core_reserve: (a: number, b: number) => number;
    readonly core_settle: (a: number) => number;
    readonly core_startPoints: (a: number) => void;
    readonly core_takeRows: (a: number, b: number, c: number, d: number, e: number, f: number, g: number, h: number, i: number) => void;
    readonly lineStarts: (a: number, b: number) => [number, number];
    readonly core_setLive: (a: number) => void;
    readonly __wbindgen_externrefs: WebAssembly.Table;
    readonly __wbindgen_malloc: (a: number, b: number) => number;
    readonly __wbindgen_realloc: (a: number, b: number, c: number, d: number) => number;
    readonly __externref_table_dealloc: (a: number) => void;
    readonly __wbindgen_free: (a: number, b: number, c: number) => void;
    readonly __wbindgen_start: () => void;
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
