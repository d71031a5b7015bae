/** Finds what earlier tables have of the runs, so that their logs need not be read. */
import { createHash } from "node:crypto";
import type { Source } from "../../io/source.js";
import type { EarlierPart } from "../../publishers/tables/earlier-rows.js";
import type { WorkItem } from "./items.js";
import type { EarlierRun, PartLog, PartRun } from "./part.js";
import type { PlannedItem } from "./parts.js";
import type { TablesState } from "./state.js";

/**
 * Plans which items are the same as parts of the earlier tables, and which runs of the others are in them.
 *
 * @param verify Reads all logs to compare their contents, too. What has no known content is read as if it had changed.
 */
export async function planReuse(
  items: readonly WorkItem[],
  earlier: TablesState | undefined,
  { verify, signal }: { readonly verify: boolean; readonly signal: AbortSignal },
): Promise<PlannedItem[]> {
  const planned: PlannedItem[] = [];
  const parts = new Map<number, { readonly part: EarlierPart; readonly logs: readonly PartLog[] }>();
  for (const item of items) {
    const found = verify && !signal.aborted ? await contentsOf(item.runs) : undefined;
    const part = earlier?.find(item, found);
    if (earlier === undefined || part !== undefined) {
      const contents = found ?? (part === undefined ? undefined : earlier?.head(part).contents);
      planned.push({
        ...item,
        contents: contents ?? item.runs.map(() => null),
        ...(part === undefined ? {} : { earlierPart: part }),
      });
      continue;
    }
    const contents: (string | null)[] = [];
    const runs = item.runs.map((run, index): PartRun => {
      const place = earlier.run(item.runDigests[index] ?? "", found?.[index]);
      contents.push(found?.[index] ?? (place && earlier.head(place.part).contents[place.index]) ?? null);
      if (place === undefined) return run;
      const number = place.part;
      const known = parts.get(number) ?? {
        part: { tables: earlier.tables(number), places: earlier.places(number) },
        logs: earlier.logs(number),
      };
      parts.set(number, known);
      const log = known.logs[place.index];
      if (log === undefined) return run;
      const copied: EarlierRun = { part: known.part, index: place.index, log };
      return { ...run, earlier: copied };
    });
    planned.push({ ...item, runs, contents });
  }
  return planned;
}

/** The digests of the contents of each run's files; null if one can't be read. */
async function contentsOf(runs: readonly PartRun[]): Promise<(string | null)[]> {
  const contents: (string | null)[] = [];
  for (const { log, validationLog } of runs) {
    const hash = createHash("sha256");
    try {
      for (const source of [log, validationLog]) hash.update(await contentOf(source));
      contents.push(hash.digest("base64url"));
    } catch {
      // Reading it for the tables says what is wrong.
      contents.push(null);
    }
  }
  return contents;
}

async function contentOf(source: Source | undefined): Promise<Uint8Array> {
  const hash = createHash("sha256");
  if (source === undefined) return hash.digest();
  for await (const chunk of source.chunks()) hash.update(chunk);
  return hash.digest();
}
