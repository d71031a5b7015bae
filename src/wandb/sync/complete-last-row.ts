import type { ExistingRun } from "../client/existing-run.js";
import { FileStream } from "../client/file-stream.js";
import { type JsonObject, stringifyJson } from "../client/format/json.js";
import type { StartedRun } from "../client/start-run.js";
import type { WandbClient } from "../client/wandb-client.js";

/**
 * Sends the server's last row again, with what a file knows beside it: the training that wrote the row may have ended
 * before the validation of its update. Sent twice it is the same.
 *
 * @throws WandbError when it was not acknowledged.
 */
export async function completeLastRow(
  client: WandbClient,
  { address, scope, gzip }: StartedRun,
  existing: ExistingRun,
  row: JsonObject | undefined,
): Promise<void> {
  const held = existing.lastRow as JsonObject;
  const fresh = Object.entries(row ?? {}).filter(([key]) => !Object.hasOwn(held, key));
  if (fresh.length === 0 || existing.rows === 0 || held["_step"] === undefined) return;
  const stream = new FileStream({
    client,
    scope,
    ...address,
    gzip,
    pacing: "bulk",
    offsets: { "wandb-history.jsonl": existing.rows - 1 },
    onUndelivered: () => {},
  });
  await stream.push("wandb-history.jsonl", [stringifyJson({ ...Object.fromEntries(fresh), ...held })]);
  await stream.end();
  if (stream.failure !== undefined) throw stream.failure;
}
