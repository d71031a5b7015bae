import type { DatasetName } from "./naming/dataset.js";

/** Scores of one run on one dataset. */
export interface Evaluation extends DatasetName {
  /** The name of the run without its suffix: `teacher-1`, `student`, `student-2`, `quantized`. */
  readonly run: string;
  /** Scores by name: `bleu_detok`, `chrf`, `comet` (0 to 100), then every other metric by its own name and scale. */
  readonly metrics: ReadonlyMap<string, number>;
  /** The file or task with the scores. */
  readonly source: string;
  /** Other files with further metrics; absent if one file has all. */
  readonly furtherSources?: readonly string[];
}
