/** Which folder of TensorBoard's log directory is whose: TensorBoard calls a run by its folder. */

import { relative, resolve, sep } from "node:path";
import { withoutExtension } from "../../io/file-name.js";

/**
 * The folder of each log: its path from here, or from the root if it lies elsewhere, without the extension. So two
 * logs never share one, also when they are published one at a time. Only where `train.log` and `train.log.gz` are
 * published together do they keep their extensions.
 */
export function runFolders(names: readonly string[]): ReadonlyMap<string, string> {
  const users = new Map<string, number>();
  for (const name of names)
    users.set(withoutExtension(whole(name)), (users.get(withoutExtension(whole(name))) ?? 0) + 1);
  return new Map(
    names.map((name) => {
      const short = withoutExtension(whole(name));
      return [name, (users.get(short) ?? 0) > 1 ? whole(name) : short];
    }),
  );
}

function whole(name: string): string {
  if (name === "-") return "stdin";
  const path = resolve(name);
  const inside = relative("", path);
  return /^\.\.(?:[/\\]|$)/.test(inside)
    ? path.replace(/^(?:[a-z]:)?[/\\]+/i, "")
    : inside.split(sep).join("/");
}
