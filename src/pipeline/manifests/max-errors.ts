/** How many runs of a job may have errors. */

/** How many runs may have errors. */
export type MaxErrors = { readonly runs: number } | { readonly percent: number };

/** Whether more runs have errors than may. */
export function hasTooManyErrors(
  { runs, faulty }: { readonly runs: number; readonly faulty: number },
  max: MaxErrors | undefined,
): max is MaxErrors {
  if (max === undefined) return false;
  return "runs" in max ? faulty > max.runs : faulty * 100 > max.percent * runs;
}
