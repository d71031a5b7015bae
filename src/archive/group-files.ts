/** A group of an archive, of which only the names and sizes of its files are known. */

import type { DatasetName } from "../evaluation/naming/dataset.js";
import type { FoundFile, NamedFile } from "./folder-walk.js";
import type { Problem } from "./group.js";
import type { ArchiveMode } from "./layout.js";

/** A group before its files are read: see `readGroup`. */
export interface GroupFiles {
  /** The folder above the group's: `<source language>-<target language>`, or `ci`. */
  readonly project: string;
  /** The group's folder. */
  readonly name: string;
  readonly mode: ArchiveMode;
  /** What the ids of the runs end with. */
  readonly suffix: string;
  /** Trainings by path, then models of which only evaluations are known. */
  readonly runs: readonly RunFiles[];
  /** All of the group, whichever runs are chosen, in the order of its table of evaluations. */
  readonly evaluations: readonly EvaluationFile[];
  /** The experiment's configuration. */
  readonly config?: FoundFile;
  /** The folder `logs/<project>/<group>`. */
  readonly logsFolder?: string;
  /** What the names of files and folders gave cause for. */
  readonly problems: readonly Problem[];
}

/** A run of a group before its files are read. */
export interface RunFiles {
  /** `teacher-1`; the folder's own name where that names no known model. */
  readonly model: string;
  /** The id without the suffix: the model, with `-2`, `-3` where several have the same. */
  readonly name: string;
  readonly id: string;
  /** The training's log; absent where only evaluations are known. */
  readonly log?: FoundFile;
  /** Marian's log of validations. */
  readonly validationLog?: FoundFile;
  /** When its logs, or without a log its evaluations, were last changed: milliseconds since 1970. */
  readonly changed: number;
}

/** A file of scores. Its name says which model was evaluated on what. */
export interface EvaluationFile extends NamedFile, DatasetName {
  readonly kind: "metrics.json" | "metrics" | "log";
  /** The `name` of its run. */
  readonly run: string;
  /** The one metric of the file; absent where the file names its metrics. */
  readonly metric?: string;
}
