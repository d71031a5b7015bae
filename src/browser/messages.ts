/** The messages between a page and its worker. */
import type { PatternDefinition } from "../core/log-parser.js";
import type { Packing } from "../io/packed/packing.js";
import type { ErrorMessage } from "./errors.js";

/** To the worker. */
export type ToWorker =
  /** Starts a log; without `blob`, the worker asks for its bytes with `pull`. */
  | {
      readonly type: "start";
      readonly module: WebAssembly.Module;
      readonly patterns: readonly PatternDefinition[];
      readonly marks: boolean;
      readonly packing: Packing | "plain";
      readonly blob?: Blob;
    }
  /** Answers a `pull`; without `chunk` at the end. */
  | { readonly type: "chunk"; readonly chunk?: Uint8Array }
  /** The page has worked off a batch. */
  | { readonly type: "taken" };

/** From the worker. */
export type FromWorker =
  /** The script is running. */
  | { readonly type: "ready" }
  | { readonly type: "pull" }
  | ({ readonly type: "batch" } & PackedBatch)
  /** The last batch of the log, and the error that ended the reading early. */
  | ({ readonly type: "end"; readonly timed: boolean; readonly error?: ErrorMessage } & PackedBatch)
  /** The options are wrong, so no log was read. */
  | { readonly type: "refused"; readonly error: ErrorMessage };

/** A batch as columns in one buffer. */
export interface PackedBatch {
  readonly packed: Uint8Array<ArrayBuffer>;
  /** Names of metrics that no batch before had. */
  readonly metrics: readonly string[];
  /** Bytes of the log read up to now, as stored. */
  readonly bytes: number;
}

/** Batches that may be in transit at once; then the worker waits. */
export const MAX_IN_TRANSIT = 4;
