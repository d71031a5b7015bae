/** Trainings that came to no measurement. */
import type { ReportRun } from "./report-data.js";

/** What a training's log is called, among other logs of a folder. */
const TRAINING = /(?:train|nohup|live)[^\\/]*$/i;
/** What only trainings are set to, and not translations, which begin alike. */
const SETTING = "train-sets";

/**
 * Whether a log without a measurement is of a training that died before its first update: one began there, or Marian
 * refused to begin, or its process was ended. Of a folder's logs without a start, only those that are called like a
 * training's.
 */
export function isDeadTraining({ segments, marks, source }: ReportRun, fromFolder: boolean): boolean {
  const trains = segments.some(
    ({ config = {}, arguments: given = {} }) =>
      Object.hasOwn(config, SETTING) || Object.hasOwn(given, SETTING),
  );
  if (trains) return true;
  const ended = marks.some(({ kind }) => kind === "error" || kind === "death");
  return ended && (!fromFolder || TRAINING.test(source));
}
