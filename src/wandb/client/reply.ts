import { isObject, type JsonRecord } from "../../http/index.js";
import { WandbError } from "./errors.js";
import { parseJson } from "./format/json.js";

/** The object at a path of member names; undefined when it or something on the way is absent or null. */
export function objectAt(value: unknown, ...path: readonly string[]): JsonRecord | undefined {
  let node = value;
  for (const name of path) node = isObject(node) ? node[name] : undefined;
  return isObject(node) ? node : undefined;
}

/** The object at a path. Throws a WandbError when it is absent. */
export function requiredObject(value: unknown, ...path: readonly string[]): JsonRecord {
  const found = objectAt(value, ...path);
  if (found === undefined) throw missing(path.join("."));
  return found;
}

/** A member that is a string. Throws a WandbError when it isn't. */
export function requiredText(node: JsonRecord, name: string): string {
  const value = node[name];
  if (typeof value !== "string") throw missing(name);
  return value;
}

/** A member that is a string; undefined when it is absent, null or something else. */
export function optionalText(node: JsonRecord, name: string): string | undefined {
  const value = node[name];
  return typeof value === "string" ? value : undefined;
}

/** A member that is a number (or a number in a string, as big counts come); 0 when it is absent. */
export function countOf(node: JsonRecord, name: string): number {
  const value = Number(node[name] ?? 0);
  return Number.isFinite(value) ? value : 0;
}

/** A member that is a list; empty when it is absent. */
export function listOf(node: JsonRecord, name: string): readonly unknown[] {
  const value = node[name];
  return Array.isArray(value) ? value : [];
}

/** A member that is a list; only its strings are kept. */
export function textsOf(node: JsonRecord, name: string): readonly string[] {
  return listOf(node, name).filter((item): item is string => typeof item === "string");
}

/** The JSON in a member that is a text. Undefined if it is broken. */
export function embedded(node: JsonRecord, name: string): unknown {
  const text = optionalText(node, name);
  if (text === undefined || text === "") return undefined;
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

/** The object in a member that is a JSON text. Empty if there is none. */
export function embeddedObject(node: JsonRecord, name: string): JsonRecord {
  const value = embedded(node, name);
  return isObject(value) ? value : {};
}

function missing(what: string): WandbError {
  return new WandbError(
    "malformed-answer",
    `the W&B server's answer has no ${what}. Is the base URL that of a W&B server, and is the server new enough?`,
  );
}
