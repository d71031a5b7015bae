/** The three groups beside the checkout: real graphs of Mozilla's, run through a real queue. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { shared } from "../../golden/shared.js";
import type { GroupData, StoredArtifact, StoredGroup, StoredTask } from "./store.js";

/** The groups' folders. */
export type SharedGroupName = "small-ru-en" | "en-ru-2023" | "large-lt-en";

/** Reads a group. */
export function sharedGroup(name: SharedGroupName): GroupData {
  const folder = shared(`taskcluster/fixtures/${name}`);
  const json = <Value>(file: string) => readJson(`${folder}/${file}`) as Value;
  const pages = readdirSync(folder).filter((file) => /^list-p\d+\.json(\.gz)?$/.test(file));
  const artifacts = readdirSync(`${folder}/artifacts`).map((file) => {
    const list = json<{ artifacts: StoredArtifact[] }>(`artifacts/${file}`);
    return [file.replace(".json", ""), list.artifacts] as const;
  });
  return {
    group: json<StoredGroup>("task-group.json"),
    action: json<StoredTask["definition"]>("task-action.json"),
    tasks: pages.sort().flatMap((page) => json<Pick<GroupData, "tasks">>(page).tasks),
    artifacts: new Map(artifacts),
  };
}

/** A real log of a training task. */
export function sharedTrainLog(): Buffer | undefined {
  const path = shared("archives/taskcluster.log");
  return existsSync(path) ? readFileSync(path) : undefined;
}

function readJson(path: string): unknown {
  const bytes = readFileSync(path);
  return JSON.parse((path.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8"));
}
