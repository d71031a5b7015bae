/** How a training went, for the table of runs. */
import type { TrainingSummary } from "../../check/training-summary.js";
import { metricColumns } from "../../publishers/tables/validation-rows.js";
import type { InputReceipt } from "../input-receipt.js";

/** What a log says of that. It is plain data: the JSON of a part keeps it. */
export interface RunOutcome {
  /** Absent if the log was not read to its end. */
  readonly finished?: boolean;
  /** Names and values for `further`. */
  readonly best: readonly (readonly [name: string, value: number])[];
}

/** The outcome of a log that was read. */
export function outcomeOf(
  { error }: Pick<InputReceipt, "error">,
  summary: TrainingSummary | undefined,
): RunOutcome {
  const columns = metricColumns();
  const best = (summary?.metrics ?? []).flatMap(({ name, best }): [string, number][] => {
    const column = `best_${columns.add(name)}`;
    if (best === undefined) return [];
    return [
      [column, best.value],
      ...(best.up === undefined ? [] : [[`${column}_update`, best.up] as [string, number]]),
    ];
  });
  return { ...(error === undefined ? { finished: summary?.state === "finished" } : {}), best };
}
