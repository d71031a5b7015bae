/** A group of runs: one experiment, as an archive or Taskcluster holds it. */
import type { Evaluation } from "../evaluation/evaluation.js";
import type { Source } from "../io/source.js";

/** Plain data of a YAML or JSON file. */
export type ConfigValue = string | number | boolean | null | readonly ConfigValue[] | Config;

/** A configuration: a map of plain data. */
export interface Config {
  readonly [key: string]: ConfigValue;
}

/** What is wrong with one part of a group; the other parts are read. */
export interface Problem {
  /** The file, folder or task. */
  readonly source: string;
  /** What is wrong, and what to do if that is known. */
  readonly reason: string;
  /** The reason without the name of the thing, so that problems with one cause can be told together. Default: the reason. */
  readonly cause?: string | undefined;
  /** A failure costs data and the exit code; a warning does neither. */
  readonly severity: "failure" | "warning";
}

/** One run of a group: a training, or a model with evaluations only. */
export interface GroupRun {
  /** The id without the group's suffix: the model, with `-2`, `-3` if several runs have the same. */
  readonly name: string;
  /** The run's id, different from every other id of the project. */
  readonly id: string;
  /** The training's log; absent for a model with evaluations only. */
  readonly log?: Source;
  /** Marian's log of validations; it completes `log`. */
  readonly validationLog?: Source;
  readonly evaluations: readonly Evaluation[];
  /** How the training stands if it is known not to be finished: `log` is a part of what it may become. */
  readonly unfinished?: "failed" | "running" | undefined;
  /** Configurations that the training has left, as receipts name them; absent if there are none. */
  readonly configFiles?: readonly string[];
}

/** An experiment: its runs, its evaluations and its configuration. */
export interface Group {
  /** `<source language>-<target language>`, or `ci`. */
  readonly project: string;
  /** `<experiment>_<group id>`, or the folder's name. */
  readonly name: string;
  /** What the ids of the runs end with: `_<first 5 of the group id>`, or `_<experiment>`. */
  readonly suffix: string;
  /** The experiment's configuration; absent if it is missing or can't be read. */
  readonly config?: Config;
  /** In the order of their paths or tasks. */
  readonly runs: readonly GroupRun[];
  /** Every evaluation of the group, those of `runs` included; each once. */
  readonly evaluations: readonly Evaluation[];
  /** The folder of the group's logs; absent if it has none. */
  readonly logsFolder?: string;
  /** Differs when a file of that folder does. */
  readonly logsStamp?: string;
  readonly problems: readonly Problem[];
}

/** The name of a run: its id without the suffix of its group. */
export function runNameIn(id: string, suffix: string): string {
  return id.endsWith(suffix) ? id.slice(0, id.length - suffix.length) : id;
}
