/** Work items, what is to be done with them, and what was done. */

import type { ParserOptions } from "../../core/log-parser.js";
import type { ManifestRun } from "../../pipeline/manifests/manifest.js";
import type { Shard } from "../../pipeline/manifests/shard.js";
import type { TableFormat, TableName } from "../../publishers/tables/columns.js";
import type { StopSignal } from "../stop-signal.js";
import type { Inputs } from "./input.js";

/** What is to be done with work items. */
export interface ManifestRequest {
  readonly runs: AsyncIterable<ManifestRun> | Iterable<ManifestRun>;
  readonly shard: Shard | undefined;
  /** Measurements as `parse` prints them, or the rows of the tables. */
  readonly form: "measurements" | "rows";
  readonly formats: readonly (TableFormat | "tsv")[];
  /** The only table that is printed; absent: all. */
  readonly table: TableName | undefined;
  /** Where files go; absent: rows go to standard output. */
  readonly folder: string | undefined;
  readonly parser: ParserOptions;
  readonly inputs: Inputs;
  readonly stop: StopSignal;
  readonly quiet: boolean;
  /** Of the program. */
  readonly version: string;
}

/** What was done. */
export class ManifestTally {
  runs = 0;
  faulty = 0;
  trainingRows = 0;
  validationPoints = 0;
  readonly sinkErrors: string[] = [];
  readonly #say: (line: string) => void;

  constructor(say: (line: string) => void) {
    this.#say = say;
  }

  /** Notes a run, and says what is wrong with it. */
  add(
    { project, group, run_id }: ManifestRun,
    log: { readonly counts: { readonly training: number }; readonly points: number } | undefined,
    faults: readonly string[],
    remarks: readonly string[],
  ): void {
    const name = `${project}/${group}/${run_id}`;
    this.runs += 1;
    this.trainingRows += log?.counts.training ?? 0;
    this.validationPoints += log?.points ?? 0;
    if (faults.length > 0) this.faulty += 1;
    for (const fault of faults) this.#say(`ERROR ${name}: ${fault}`);
    for (const remark of remarks) this.#say(`warning: ${name}: ${remark}`);
  }
}
