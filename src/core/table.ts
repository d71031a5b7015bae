// Made from crates/marian-log by scripts/build-wasm. Do not edit.

export const TRAINING_COLUMNS = [
  "line",
  "offset",
  "segment",
  "timestamp",
  "epoch",
  "up",
  "sen",
  "cost",
  "labels",
  "batch_labels",
  "total_labels",
  "time",
  "rate",
  "gnorm",
  "learning_rate",
] as const;

export const VALIDATION_COLUMNS = [
  "line",
  "offset",
  "segment",
  "timestamp",
  "epoch",
  "up",
  "metric",
  "value",
  "stalled",
  "best",
] as const;

export const PRESENT = {
  timestamp: 1,
  utc: 2,
  labels: 4,
  batch_labels: 8,
  total_labels: 16,
  time: 32,
  rate: 64,
  gnorm: 128,
  learning_rate: 256,
  epoch: 512,
  stalled: 1024,
  best: 2048,
  up: 4096,
  partial: 8192,
} as const;

export const KIND = {
  training: 0,
  validation: 1,
  segment: 2,
  unmatched: 3,
  pattern: 4,
  mark: 5,
} as const;

export const POINT_NUMBERS = ["line", "segment", "timestamp", "epoch", "up", "present", "end"] as const;

export const VALUE_NUMBERS = ["metric", "value", "stalled", "best", "present"] as const;

export const EVENT_NUMBERS = ["kind", "line", "segment", "timestamp", "up", "present", "texts"] as const;

export const STATS = [
  "bytes",
  "lines",
  "training",
  "validation",
  "patterns",
  "unmatched",
  "overlong",
  "starts",
  "training_present",
] as const;

/** Bytes of an element of each entry of the table; the last is the CSV text. */
export const WIDTHS = [
  1, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 4, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 4, 8, 1, 4, 8, 1,
] as const;
