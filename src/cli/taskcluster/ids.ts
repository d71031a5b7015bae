import { isId } from "../../taskcluster/client/address.js";

/** Arguments in which an id that begins with a dash is no flag: the framework takes what begins with a blank as it is. */
export function withIds(argv: readonly string[]): string[] {
  const end = argv.indexOf("--");
  return argv.map((arg, at) => (isId(arg) && (end === -1 || at < end) ? ` ${arg}` : arg));
}
