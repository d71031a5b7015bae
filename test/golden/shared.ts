/** The real logs and recorded outputs beside the checkout. They are other projects' data and not in the repository. */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL("../../../shared/", import.meta.url));

/** Whether the data is there; says so once where it is not. */
export const sharedIsThere = existsSync(`${folder}golden/manifest.json`);
if (!sharedIsThere) process.stdout.write(`skipped: no recorded data at ${folder}\n`);

/** The path of a file of the recorded data. */
export const shared = (path: string): string => `${folder}${path}`;

/** The logs that others have published, below `logs/`; none if the data is not there. */
export function publishedLogs(): string[] {
  if (!sharedIsThere) return [];
  const rows = readFileSync(shared("logs/manifest.tsv"), "utf8").trimEnd().split("\n").slice(1);
  return rows
    .map((row) => row.split("\t"))
    .filter(([, kind]) => kind !== "opustrainer-config")
    .map(([name = ""]) => name);
}
