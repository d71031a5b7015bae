/** Scores of one model on one dataset. */
export interface Evaluation {
  /** The run's name without its suffix: `teacher-1`, `student`, `quantized`. */
  readonly model: string;
  /** Where the dataset comes from: `flores`, `mtdata`, `sacrebleu` …; `unknown` where the name tells none. */
  readonly importer: string;
  /** Absent (null) where the name is the importer's alone. */
  readonly dataset: string | null;
  /** `aug-mix` and the like; null for the dataset as it is. */
  readonly augmentation: string | null;
  /** Scores by name: `bleu_detok`, `chrf`, `comet` (0 to 100) first, then every other one as it is called and scaled. */
  readonly metrics: ReadonlyMap<string, number>;
  /** The file or the task that holds them. */
  readonly source: string;
  /** Other files that hold further metrics of it; absent where one file has all. */
  readonly furtherSources?: readonly string[];
}
