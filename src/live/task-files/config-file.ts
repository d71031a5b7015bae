/** A YAML file with a configuration. */
import { readFile, stat } from "node:fs/promises";
import type { ConfigValue } from "../../archive/group.js";
import { readable } from "../../io/source.js";
import { readYaml } from "../../run/yaml.js";

/** A configuration, or why there is none. */
export type ReadConfig =
  | { readonly value: ConfigValue }
  | { readonly fault: string; readonly absent: boolean };

/** No configuration is longer; a path in a log may lead to anything. */
const MOST_BYTES = 1 << 20;

/** Reads a file as YAML 1.1. Never rejects. */
export async function readConfigFile(path: string): Promise<ReadConfig> {
  try {
    const info = await stat(path);
    if (!info.isFile()) return { fault: "it is not a file", absent: false };
    if (info.size > MOST_BYTES) return { fault: "it is too long for a configuration", absent: false };
    const read = readYaml(await readFile(path, "utf8"));
    if ("fault" in read) return { fault: `it ${read.fault}`, absent: false };
    return { value: (read.value ?? null) as ConfigValue };
  } catch (error) {
    return { fault: readable(error).message, absent: isAbsent(error) };
  }
}

/** Whether an error says that there is no such file. */
export function isAbsent(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");
}
