/** How many things go on at once. */
import pLimit, { type LimitFunction } from "p-limit";

export type { LimitFunction };

/** Runs what it is given in that order, at most `atOnce` at a time. */
export function limitConcurrency(atOnce: number): LimitFunction {
  return pLimit(atOnce);
}

/** Does some work for each item, at most `atOnce` at a time. Rejects with the first failure, after the others ended. */
export async function forEachLimited<Item>(
  items: readonly Item[],
  atOnce: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  let failure: { readonly error: unknown } | undefined;
  await pLimit(atOnce).map(items, async (item) => {
    if (failure !== undefined) return;
    try {
      await work(item);
    } catch (error) {
      failure ??= { error };
    }
  });
  if (failure !== undefined) throw failure.error;
}
