/** A group of runs: one experiment, as an archive or Taskcluster holds it. */
import type { Evaluation } from "../evaluation/evaluation.js";
import type { Source } from "../io/source.js";

/** Plain data of a YAML or JSON file. */
export type ConfigValue = string | number | boolean | null | readonly ConfigValue[] | Config;

/** A configuration: a map of plain data. */
export interface Config {
  readonly [key: string]: ConfigValue;
}

/** What is wrong with one part of a group; the rest of the group goes on. */
export interface Problem {
  /** The file, folder or task. */
  readonly source: string;
  /** In words, with what to do where that is known. */
  readonly reason: string;
  /** A failure costs data and the exit code; a warning does neither. */
  readonly severity: "failure" | "warning";
}

/** One run of a group: a training, or a model of which only evaluations are known. */
export interface GroupRun {
  /** `teacher-1`; the folder's own name where that names no known model. */
  readonly model: string;
  /** The run's id and name: model and suffix, different from every other id of the project. */
  readonly id: string;
  /** The training's log; absent where there is none. */
  readonly log?: Source;
  /** Marian's log of validations beside it; fills in what `log` lacks. */
  readonly validationLog?: Source;
  readonly evaluations: readonly Evaluation[];
}

/** An experiment: its runs, its evaluations and its configuration. */
export interface Group {
  /** `<source language>-<target language>`, or `ci`. */
  readonly project: string;
  /** `<experiment>_<group id>`, or the folder's name. */
  readonly name: string;
  /** What the ids of the runs end with: `_<first 5 of the group id>`, or `_<experiment>`. */
  readonly suffix: string;
  /** The experiment's configuration; absent where there is none or it could not be read. */
  readonly config?: Config;
  /** In the order of their paths or tasks. */
  readonly runs: readonly GroupRun[];
  /** Every evaluation of the group, those of `runs` included; each once. */
  readonly evaluations: readonly Evaluation[];
  /** The folder of the group's logs; absent where there is none. */
  readonly logsFolder?: string;
  /** Differs when a file of that folder does. */
  readonly logsStamp?: string;
  readonly problems: readonly Problem[];
}
