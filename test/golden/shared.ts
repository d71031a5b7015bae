/** The real logs and recorded outputs beside the checkout. They are other projects' data and not in the repository. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL("../../../shared/", import.meta.url));

/** Whether the data is there; says so once where it is not. */
export const sharedIsThere = existsSync(`${folder}golden/manifest.json`);
if (!sharedIsThere) process.stdout.write(`skipped: no recorded data at ${folder}\n`);

/** The path of a file of the recorded data. */
export const shared = (path: string): string => `${folder}${path}`;
