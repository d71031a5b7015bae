/** The tags of marian-tensorboard, so that charts and scripts made for it go on working. */
import { stalledColumn } from "../../run/metric-columns.js";
import { ScalarTag } from "./event-encoder.js";

/** What TensorBoard's horizontal axis counts. */
export type StepUnit = "updates" | "sentences" | "labels";

/** A column of training records and its tag. The last two are not in marian-tensorboard. */
export const TRAINING_TAGS = [
  ["epoch", "train/epoch"],
  ["cost", "train/Cost"],
  ["batch_labels", "train/effective_batch_size"],
  ["up", "train/total_updates"],
  ["sen", "train/total_sentences"],
  ["total_labels", "train/total_labels"],
  ["learning_rate", "train/learning_rate"],
  ["gnorm", "train/gradient_norm"],
  ["rate", "train/words_per_second"],
  ["labels", "train/labels"],
  ["time", "train/time"],
] as const;

/** The column that gives the step; it has no tag then. */
export const STEP_COLUMN = { updates: "up", sentences: "sen", labels: "total_labels" } as const;

/** The two tags of a validation metric: its value, and how often in a row it stalled (0 for a new best). */
export function metricTags(metric: string): readonly [ScalarTag, ScalarTag] {
  const tag = `valid/${cleanTag(metric)}`;
  return [new ScalarTag(tag), new ScalarTag(stalledColumn(tag))];
}

/** TensorBoard's tags are made of few characters. */
export function cleanTag(tag: string): string {
  return tag.replace(/[^-/\w.]/g, "_");
}
