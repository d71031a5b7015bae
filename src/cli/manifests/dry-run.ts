/** What a worker would do. */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { EXIT, stopCode } from "../../exit-code.js";
import { InputError, isTransient } from "../../io/input-error.js";
import { print, say } from "../../io/terminal.js";
import { finishedShard, localPlace, shardInputs } from "../../pipeline/manifests/finished-shard.js";
import type { ManifestRun } from "../../pipeline/manifests/manifest.js";
import { hasTooManyErrors } from "../../pipeline/manifests/max-errors.js";
import { shardName } from "../../pipeline/manifests/shard.js";
import { count, grouped, size } from "../receipts/numbers.js";
import type { ManifestRequest } from "./run.js";

/** Prints what the work would be, looks for its files, reads no log, and returns the exit code that missing ones cost. */
export async function dryRunManifest(request: ManifestRequest): Promise<number> {
  const { access, shard, folder, maxErrors, formats, stop } = request;
  const runs: ManifestRun[] = [];
  const tally = { runs: 0, faulty: 0, logs: 0, bytes: 0 };
  try {
    for await (const run of request.runs) {
      const { files, evaluations } = run;
      runs.push(run);
      if (stop.received !== undefined) return stopCode(stop.received);
      tally.runs += 1;
      tally.logs += files.length;
      let isWhole = true;
      for (const file of [...files, ...evaluations]) {
        tally.bytes += file.size ?? 0;
        const problem = await access.problemOf(file);
        if (problem !== undefined) say(`ERROR ${file.uri}: ${problem}`);
        isWhole &&= problem === undefined;
      }
      if (!isWhole) tally.faulty += 1;
    }
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    say(error.message);
    return isTransient(error) ? EXIT.input : EXIT.usage;
  }
  const part = shard === undefined ? "" : ` of shard ${shard.index} of ${grouped(shard.count)}`;
  print(`would read ${count(tally.runs, "run")}${part}: ${count(tally.logs, "log")}, ${size(tally.bytes)}`);
  if (folder === undefined) print(`would print rows as ${formats.join(", ")}`);
  else {
    const place = shard === undefined ? folder : join(folder, shardName(shard));
    const isThere = await stat(place).then(
      () => true,
      () => false,
    );
    const work = { ...request, signal: stop.signal };
    if (isThere && (await finishedShard(work, runs, shardInputs(work, runs), localPlace(place))))
      print(`${place} is done, and nothing has changed: it would stay as it is`);
    else
      print(
        `would write ${place} as ${formats.join(", ")}${isThere ? ": it is there, and would be replaced" : ""}`,
      );
  }
  if (tally.faulty === 0) return EXIT.ok;
  print(
    `${count(tally.faulty, "run")} can't be read: the work would ${fails(tally, maxErrors) ? "fail" : "go on"}`,
  );
  return fails(tally, maxErrors) ? EXIT.input : EXIT.ok;
}

function fails(
  tally: { readonly runs: number; readonly faulty: number },
  maxErrors: ManifestRequest["maxErrors"],
): boolean {
  return maxErrors === undefined || hasTooManyErrors(tally, maxErrors);
}
