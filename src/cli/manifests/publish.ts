/** What `publish` does. */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { EXIT } from "../../exit-code.js";
import { InputError, isTransient } from "../../io/input-error.js";
import { say } from "../../io/terminal.js";
import { ManifestAccess } from "../../pipeline/manifests/access.js";
import { gatherRuns } from "../../pipeline/manifests/gather.js";
import type { ManifestRun } from "../../pipeline/manifests/manifest.js";
import { manifestSource } from "../../pipeline/manifests/plan.js";
import { type GroupFlagValues, prepareGroups, runGroups } from "../groups/run-groups.js";

/** The values of the flags. */
export interface PublishFlagValues extends Omit<GroupFlagValues, "output-dir" | "format" | "jobs" | "wandb"> {
  readonly from: string;
}

/** Publishes what the manifests tell of and returns the exit code; `refuse` ends the command with its message. */
export async function runPublish(
  flags: PublishFlagValues,
  version: string,
  refuse: (message: string) => never,
): Promise<number> {
  const { from } = flags;
  const none = { "output-dir": undefined, format: undefined, jobs: undefined } as const;
  const isFolder = await stat(from).then(
    (info) => info.isDirectory(),
    () => false,
  );
  const ledger = flags.ledger ?? (isFolder ? join(from, "ledger.ndjson") : undefined);
  const job = await prepareGroups({ ...flags, ...none, ledger, wandb: undefined }, [], version, refuse);
  const access = new ManifestAccess(version, job.stop.signal);
  let runs: ManifestRun[];
  try {
    runs = await gatherRuns(from, access);
  } catch (error) {
    await access.close();
    await job.target?.close();
    if (!(error instanceof InputError)) throw error;
    if (!isTransient(error)) return refuse(error.message);
    say(error.message);
    return EXIT.input;
  }
  try {
    return await runGroups(from, manifestSource(runs, [], access), job);
  } finally {
    await access.close();
  }
}
