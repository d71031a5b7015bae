/** The lines of history and events as W&B's file_stream takes them. */
import { type JsonObject, type JsonValue, parseJsonObject, stringifyJson } from "../client/format/json.js";
import type { Entry } from "./records.js";

/**
 * Takes a history line apart.
 *
 * @throws SyntaxError when it is not a JSON object with a whole `_step`.
 */
export function readHistoryLine(line: string): {
  readonly row: JsonObject;
  readonly position: { readonly step: number; readonly timestamp: number; readonly runtime: number };
} {
  const { _step, _timestamp, _runtime, ...row } = parseJsonObject(line);
  if (!Number.isSafeInteger(_step)) throw new SyntaxError("a history line has no whole _step");
  const position = { step: Number(_step), timestamp: finite(_timestamp), runtime: finite(_runtime) };
  return { row, position };
}

/**
 * Takes a line of system metrics apart.
 *
 * @throws SyntaxError when it is not a JSON object.
 */
export function readEventLine(line: string): {
  readonly sample: { readonly [key: string]: number };
  readonly timestamp: number;
} {
  const { _wandb, _timestamp, _runtime, ...values } = parseJsonObject(line);
  const numbers = Object.entries(values).filter(
    (entry): entry is [string, number] => typeof entry[1] === "number",
  );
  return { sample: Object.fromEntries(numbers), timestamp: finite(_timestamp) };
}

/** The line of a sample of system metrics that was taken `runtime` seconds after the start of its run. */
export function writeEventLine(items: readonly Entry[], timestamp: number, runtime: number): string {
  const members = items.map(({ path, json }) => `${JSON.stringify(`system.${path.join(".")}`)}:${json}`);
  const own = `"_wandb":true,"_runtime":${stringifyJson(runtime)},"_timestamp":${stringifyJson(timestamp)}`;
  return `{${[own, ...members].join(",")}}`;
}

/**
 * One JSON object of values at paths, each with its JSON text as it is: numbers beyond a double survive.
 * A later value at a path replaces an earlier one.
 */
export function writeEntries(entries: readonly Entry[]): string {
  const root: Branch = new Map();
  for (const { path, json } of entries) {
    let branch = root;
    for (const key of path.slice(0, -1)) {
      let next = branch.get(key);
      if (!(next instanceof Map)) {
        next = new Map();
        branch.set(key, next);
      }
      branch = next;
    }
    branch.set(path.at(-1) ?? "", json);
  }
  return branchText(root);
}

type Branch = Map<string, Branch | string>;

function branchText(branch: Branch): string {
  const members: string[] = [];
  for (const [key, value] of branch) {
    members.push(`${JSON.stringify(key)}:${typeof value === "string" ? value : branchText(value)}`);
  }
  return `{${members.join(",")}}`;
}

function finite(value: JsonValue | undefined): number {
  return typeof value === "number" && Number.isFinite(value) ? value : 0;
}
