/** The logs of a folder in a bucket. Those that are called logs are looked into, as the files of a folder are. */
import { groupBy } from "../group-by.js";
import { kindOfName, withoutCompression } from "../io/file-name.js";
import type { ObjectInfo } from "../io/objects/object-answer.js";
import { objectStore } from "../io/objects/process-store.js";
import { readable } from "../io/source.js";
import { type InputSearch, joinValidationLogs, noLogText, type SearchedFolder } from "./folder-logs.js";
import { isLogOfTraining } from "./holds-log.js";
import { inputLocation, locateInput } from "./input-source.js";

/** The logs below a folder of a bucket, by the same rules as those of a folder; a bucket that can't be listed is an input that fails. */
export async function logsOfBucket(
  folder: string,
  { scores = false, warn }: InputSearch,
): Promise<{ readonly names: readonly string[]; readonly searched: SearchedFolder }> {
  const found = new Map<string, ObjectInfo>();
  const evaluations: string[] = [];
  let passedOver = 0;
  try {
    const store = await objectStore();
    for await (const object of store.list(folder)) {
      const { url, size } = object;
      const kind = kindOfName(url);
      if (url.endsWith("/") && size === 0) continue;
      if (kind === "evaluation" && scores) evaluations.push(url);
      else if (kind === "log") found.set(url, object);
      else {
        passedOver += 1;
        if (/\.tar(?:\.[a-z]+)?$/i.test(url))
          warn(`${url}: a tar in a bucket is not opened: copy it to this machine`);
      }
    }
    for (const object of found.values())
      if (!(await isLogOfTraining(store.source(object.url, object).chunks(), object.url))) {
        found.delete(object.url);
        passedOver += 1;
      }
  } catch (error) {
    locateInput(folder, { fault: readable(error).message });
    return { names: [folder], searched: { folder, logs: 0, scores: 0, passedOver: 0 } };
  }
  const logs = [...groupBy([...found.keys()].sort(), withoutCompression).values()].map(
    ([first = "", ...copies]) => {
      passedOver += copies.length;
      for (const copy of copies) warn(`${copy}: it was left aside, because ${first} is beside it`);
      return first;
    },
  );
  for (const url of logs) locateInput(url);
  const runs = joinValidationLogs(logs);
  for (const url of runs) {
    const object = found.get(url);
    const place = inputLocation(url);
    const joined = place !== undefined && "path" in place ? place : { path: url };
    if (object !== undefined) locateInput(url, { ...joined, object });
  }
  const names = [...runs, ...evaluations];
  if (names.length === 0) locateInput(folder, { fault: noLogText(passedOver, scores) });
  return {
    names: names.length === 0 ? [folder] : names.sort(),
    searched: { folder, logs: runs.length, scores: evaluations.length, passedOver },
  };
}
