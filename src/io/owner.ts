/** Who owns a temporary file, by its name, and which of these files are abandoned. */
import { readFileSync } from "node:fs";
import { lstat, readdir, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";

/** How long files wait whose process may still live and can't be checked: on another machine, say. */
const LONGEST_WAIT_MS = 7 * 24 * 3600 * 1000;

const HOST = hostname().replace(/[^A-Za-z0-9_.]/g, "_") || "localhost";

/** This process: `<host>-<pid>-<start time>`. The start time tells it from an earlier process of the same number. */
export const OWNER = `${HOST}-${process.pid}-${startOf(process.pid) ?? 0}`;

const OWNED = /(?:^|[.-])([A-Za-z0-9_.]+)-(\d+)-(\d+)(?:(?:\.\d+)?\.partial(?:\.next)?|-[A-Za-z0-9]{6})$/;

/** When a process of this machine started, in the clock of its kernel; undefined if it is gone or nothing tells. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name of the program, in brackets, may hold blanks.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}

function isAlive(pid: number, start: string): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
  }
  const own = startOf(pid);
  return own === undefined || start === "0" || own === start;
}

/** Whether the process that a name tells of is a process of this machine that has gone. */
export function isOfTheGone(name: string): boolean {
  const [, host = "", pid = "", start = ""] = OWNED.exec(name) ?? [];
  // What stands before the host is the name of the file.
  if (pid === "" || (host !== HOST && !host.endsWith(`.${HOST}`))) return false;
  return !isAlive(Number(pid), start);
}

const swept = new Set<string>();

/**
 * Removes what processes that have gone left in a folder, once in the life of this one: of this machine's processes at
 * once, of others after seven days. Never rejects: what can't be removed stays.
 *
 * @param isLeftover Whether a name is that of a file which only waits for its owner.
 */
export async function sweep(folder: string, isLeftover: RegExp): Promise<void> {
  const key = `${folder}\n${isLeftover.source}`;
  if (swept.has(key)) return;
  swept.add(key);
  for (const name of await readdir(folder).catch(() => [])) {
    if (!isLeftover.test(name)) continue;
    const path = join(folder, name);
    const info = await lstat(path).catch(() => undefined);
    if (info === undefined) continue;
    if (isOfTheGone(name) || Date.now() - info.mtimeMs > LONGEST_WAIT_MS)
      await rm(path, { recursive: true, force: true }).catch(() => {});
  }
}
