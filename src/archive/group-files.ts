/** A group whose files are known by name and have not been read. */
import type { DatasetName } from "../evaluation/naming/dataset.js";
import type { EvaluationFileName } from "../evaluation/naming/evaluation-file.js";
import type { FoundFile, NamedFile } from "./folder-walk.js";
import type { Problem } from "./group.js";
import type { ArchiveMode } from "./layout.js";

/**
 * A group before its files are read: see `readGroup`.
 *
 * @typeParam File A small file, as its reader opens it.
 * @typeParam Log A log, as its reader opens it.
 */
export interface GroupFiles<File extends NamedFile = NamedFile, Log extends NamedFile = FoundFile> {
  /** The folder above the group's: `<source language>-<target language>`, or `ci`. */
  readonly project: string;
  /** The group's folder. */
  readonly name: string;
  /** What the ids of the runs end with. */
  readonly suffix: string;
  /** Trainings by path, then models with evaluations only. */
  readonly runs: readonly RunFiles<Log>[];
  /** All of the group, whichever runs are chosen, in the order of its table of evaluations. */
  readonly evaluations: readonly EvaluationFile<File>[];
  /** The experiment's configuration. */
  readonly config?: File;
  /** The folder `logs/<project>/<group>`. */
  readonly logsFolder?: string;
  /** What is wrong with the names of files and folders. */
  readonly problems: readonly Problem[];
}

/** A run of a group before its files are read. */
export interface RunFiles<Log extends NamedFile = FoundFile> {
  /** The id without the suffix: the model, with `-2`, `-3` if several runs have the same. */
  readonly name: string;
  readonly id: string;
  /** The training's log; absent for a run with evaluations only. */
  readonly log?: Log;
  /** Marian's log of validations. */
  readonly validationLog?: Log;
}

/** A group of an archive. */
export interface ArchivedGroup extends GroupFiles {
  readonly mode: ArchiveMode;
  readonly runs: readonly ArchivedRun[];
}

/** A run of an archive. */
export interface ArchivedRun extends RunFiles {
  /** When its logs, or without a log its evaluations, were last changed: milliseconds since 1970. */
  readonly changed: number;
}

/** A file of scores. */
export type EvaluationFile<File extends NamedFile = NamedFile> = File &
  DatasetName &
  Pick<EvaluationFileName, "kind" | "metric"> & {
    /** The `name` of its run. */
    readonly run: string;
  };
