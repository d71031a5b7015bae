/** What the page and its worker say to each other. */
import type { PatternDefinition } from "../core/log-parser.js";
import type { Packing } from "../io/packed/packing.js";
import type { ErrorMessage } from "./errors.js";

/** To the worker. */
export type ToWorker =
  /** A log to read; without `blob`, its bytes are asked for with `pull`. */
  | {
      readonly type: "start";
      readonly module: WebAssembly.Module;
      readonly patterns: readonly PatternDefinition[];
      readonly marks: boolean;
      readonly packing: Packing | "plain";
      readonly blob?: Blob;
    }
  /** The bytes of a `pull`; none at the end. */
  | { readonly type: "chunk"; readonly chunk?: Uint8Array }
  /** A batch was worked off. */
  | { readonly type: "taken" };

/** From the worker. */
export type FromWorker =
  /** The script runs. */
  | { readonly type: "ready" }
  | { readonly type: "pull" }
  | ({ readonly type: "batch" } & PackedBatch)
  /** The last batch of the log, and why it is the last where the log has not ended. */
  | ({ readonly type: "end"; readonly timed: boolean; readonly fault?: ErrorMessage } & PackedBatch)
  /** The log could not be begun. */
  | { readonly type: "refused"; readonly fault: ErrorMessage };

/** A batch as columns in one buffer. */
export interface PackedBatch {
  readonly packed: Uint8Array<ArrayBuffer>;
  /** Names of metrics that no batch before had. */
  readonly metrics: readonly string[];
  /** Bytes of the log read up to now, as stored. */
  readonly bytes: number;
}

/** Batches that may be on their way at once; then the worker waits. */
export const WINDOW = 4;
