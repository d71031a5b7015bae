/** What is published to Weights & Biases, and where. */
import type { TrainingState } from "../check/course-check.js";
import type { Evaluation } from "../evaluation/evaluation.js";
import type { Arguments } from "../run/command-line.js";
import type { RunPlan } from "../run/run-plan.js";
import type { StepRow } from "../run/step-rows.js";
import type { JsonObject, JsonValue } from "./client/format/json.js";
import type { WandbSettings } from "./client/settings.js";
import type { WandbClient } from "./client/wandb-client.js";

/** Where runs go, and what carries them there. */
export interface WandbPlace {
  readonly project: string;
  /** Absent: the default entity of the key's owner. */
  readonly entity?: string;
  readonly group?: string;
  readonly tags: readonly string[];
  readonly notes?: string;
  readonly jobType?: string;
  /** Where rows go; absent, the offline file only. */
  readonly client?: WandbClient;
  /** Why there is no client although rows were to reach the server; they are undelivered then. */
  readonly offlineReason?: string;
  /** What carries the rows; default our own client, which in either case looks at what the server holds. */
  readonly transport?: "native" | "sdk";
  /** Folder below which offline files are written. */
  readonly dir: string;
  readonly baseUrl: string;
  /** Milliseconds without any progress after which rows go to the offline file; live, counted from the end. */
  readonly budget?: number;
  /** The command is to end soon. */
  readonly stop?: AbortSignal;
}

/** What the settings say of a place. */
export function placeOf({
  entity,
  notes,
  jobType,
  dir,
  baseUrl,
}: WandbSettings): Pick<WandbPlace, "entity" | "notes" | "jobType" | "dir" | "baseUrl"> {
  return {
    ...(entity === undefined ? {} : { entity }),
    ...(notes === undefined ? {} : { notes }),
    ...(jobType === undefined ? {} : { jobType }),
    dir,
    baseUrl,
  };
}

/** A training that is published. */
export interface WandbPublication extends WandbPlace {
  readonly id: string;
  /** Keys of the configuration in addition to those of the log. */
  readonly extraConfig?: JsonObject;
  /** A folder to publish as the artifact `logs`. */
  readonly artifacts?: string;
  /** The folder in which the training runs; absent if it is over, or runs elsewhere. */
  readonly folder?: string;
  /** The whole log, read before; absent while the training runs. */
  readonly plan?: RunPlan;
  /** The rows of the whole log, read again; absent if the plan is. */
  readonly rows?: () => AsyncIterable<StepRow>;
  /** Scores of the trained model. */
  readonly evaluations?: readonly Evaluation[];
  /** Finds the files of the training task by its command line; absent if they are not wanted. */
  readonly taskFiles?: (options: Arguments) => Promise<TaskFiles>;
  /**
   * Without a plan: the log comes from its first byte although earlier parts of it may have been published, so that
   * lines that the server has are skipped, as rows are.
   */
  readonly replayed?: boolean;
  /**
   * Without a plan: what has become of the training when the log ends here, or the command that follows it leaves.
   * `running` sends no exit code. Absent: the training has ended well with its log, and badly where that breaks off.
   */
  readonly trainingState?: () => TrainingState | undefined;
  /** Writes over a run of this id instead of going on with it. */
  readonly override: boolean;
}

/** What the files of a training task say. */
export interface TaskFiles {
  /** The last `--config` from a folder `configs/model`; null if it is missing or can't be read. */
  readonly model: JsonValue;
  /** The last `--config` from a folder `configs/training`. */
  readonly training: JsonValue;
  /** `config.opustrainer.yml` next to the model. */
  readonly opustrainer: JsonValue;
  /** Names of OpusTrainer's datasets. */
  readonly datasetNames: readonly string[];
  /** Messages about what could not be read. */
  readonly notes: readonly string[];
  /**
   * Counts the lines of the datasets, plain or packed, one after the other and without haste. A dataset that can't be
   * counted is left out, and in the notes. Ends early when the signal is aborted.
   */
  countDatasets(
    signal: AbortSignal,
  ): Promise<{ readonly lines: ReadonlyMap<string, number>; readonly notes: readonly string[] }>;
}

/** What a publication would do. */
export interface Preview {
  readonly id: string;
  readonly project: string;
  readonly group: string | null;
  /** Rows of the log, one an update. */
  readonly rows: number;
  /** Rows that the server holds. */
  readonly held: number;
  /** Rows that would be sent. */
  readonly sent: number;
  readonly replaced: boolean;
  /** Tables and charts of the run. */
  readonly tables: readonly TablePreview[];
  readonly notes: readonly string[];
}

/** What would become of a table. */
export interface TablePreview {
  readonly name: string;
  readonly state: "new" | "changed" | "unchanged";
}
