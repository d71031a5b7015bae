/** The command that is useful after another: the last line of a receipt at a terminal. */
import { type InputReceipt, problem } from "../../pipeline/input-receipt.js";

/** More inputs make no line that somebody would copy. */
const MAX_INPUTS = 3;

/** What to do after `parse`; undefined if nothing is worth it, or the receipt says it already. */
export function nextCommand(receipts: readonly InputReceipt[]): string | undefined {
  // The note about rows that are not delivered has its own command.
  if (receipts.some(({ publishers }) => publishers.some(({ offlineFiles = [] }) => offlineFiles.length > 0)))
    return undefined;
  const read = receipts.filter((receipt) => receipt.source !== "-" && problem(receipt, false) === undefined);
  const unfinished = read.filter(({ summary }) => summary?.state === "failed" || summary?.state === "silent");
  const [command, inputs] = unfinished.length > 0 ? ["check", unfinished] : ["report", read];
  if (inputs.length === 0 || inputs.length > MAX_INPUTS) return undefined;
  return ["marian-tracking", command, ...inputs.map(({ source }) => shellWord(source))].join(" ");
}

/** A path as a shell reads it back; a leading dash is no flag. */
function shellWord(path: string): string {
  const safe = path.startsWith("-") ? `./${path}` : path;
  return /^[\w./:@%+=,-]+$/.test(safe) ? safe : `'${safe.replaceAll("'", "'\\''")}'`;
}
