/** Trainings that died before their first update. */
import type { Segment } from "./segment.js";

/** Names of trainings' logs, among other logs of a folder. */
const TRAINING_NAME = /(?:train|nohup|live)[^\\/]*$/i;
/** An option that only trainings have: translations start with the same lines. */
const SETTING = "train-sets";

/** What there is of a log without a measurement. */
interface LogWithoutMeasurement {
  readonly source: string;
  readonly segments: readonly Pick<Segment, "config" | "arguments">[];
  readonly marks: readonly { readonly kind: string }[];
}

/**
 * Whether a log without a measurement is that of a training that died before its first update: it has a start, or
 * Marian refused to start, or its process was ended. Among a folder's logs without a start, only those with a training's
 * name count.
 */
export function isDeadTraining(
  { segments, marks, source }: LogWithoutMeasurement,
  fromFolder: boolean,
): boolean {
  const trains = segments.some(
    ({ config = {}, arguments: given = {} }) =>
      Object.hasOwn(config, SETTING) || Object.hasOwn(given, SETTING),
  );
  if (trains) return true;
  const ended = marks.some(({ kind }) => kind === "error" || kind === "death");
  return ended && (!fromFolder || hasTrainingName(source));
}

/** Whether a log is called like one of a training. */
export function hasTrainingName(source: string): boolean {
  return TRAINING_NAME.test(source);
}
