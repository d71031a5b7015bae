import { isObject } from "../../http/index.js";
import { type JsonObject, type JsonValue, stringifyJson } from "./format/json.js";

const INTERNAL = "_wandb";

/**
 * The configuration of a run: the user's values, and what W&B keeps with them (`_wandb`: the client's version,
 * without which the official client doesn't resume a run, and the charts).
 */
export class RunConfig {
  readonly #values = new Map<string, JsonValue>();
  readonly #internal: Record<string, JsonValue>;
  #changed = false;

  /** `stored` is the configuration of the run that is resumed, as the server keeps it; its values and charts stay. */
  constructor(version: string, stored: unknown = {}) {
    const old = unwrap(stored);
    const internal = isObject(old.get(INTERNAL)) ? (old.get(INTERNAL) as JsonObject) : {};
    const telemetry = isObject(internal.t) ? (internal.t as JsonObject) : {};
    this.#internal = { m: [], ...internal, cli_version: version, t: { ...telemetry, "5": version } };
    for (const [key, value] of old) if (key !== INTERNAL) this.#values.set(key, value);
  }

  /** Whether there is something that the server hasn't got yet. */
  get changed(): boolean {
    return this.#changed;
  }

  /** Sets values; new ones stand over old ones of the same key. */
  update(values: JsonObject): void {
    for (const [key, value] of Object.entries(values)) if (value !== undefined) this.#values.set(key, value);
    this.#changed = true;
  }

  /** Adds a chart. */
  visualize(key: string, spec: JsonObject): void {
    const charts = isObject(this.#internal.visualize) ? (this.#internal.visualize as JsonObject) : {};
    this.#internal.visualize = { ...charts, [key]: spec };
    this.#changed = true;
  }

  /** Notes that the server has taken what `toJson` gave. */
  acknowledged(): void {
    this.#changed = false;
  }

  /** As the server takes it: each value wrapped. */
  toJson(): string {
    return stringifyJson(Object.fromEntries(this.#wrapped()));
  }

  /** The same tree as YAML, for the run file config.yaml. Strings are quoted, so that nothing changes its type. */
  toYaml(): string {
    return this.#wrapped()
      .toSorted(([left], [right]) => (left < right ? -1 : 1))
      .map(([key, value]) => `${yamlKey(key)}:${yamlBlock(value, 1)}\n`)
      .join("");
  }

  #wrapped(): [string, JsonObject][] {
    return [...this.#values, [INTERNAL, this.#internal] as const].map(([key, value]) => [key, { value }]);
  }
}

/** Values of a stored configuration, which are wrapped as `{value, desc}` (older ones are plain). */
function unwrap(stored: unknown): Map<string, JsonValue> {
  const values = new Map<string, JsonValue>();
  for (const [key, entry] of Object.entries(isObject(stored) ? stored : {})) {
    values.set(key, (isObject(entry) && "value" in entry ? entry.value : entry) as JsonValue);
  }
  return values;
}

/** A value after its key or dash, with the space or line break before it. */
function yamlBlock(value: JsonValue, depth: number): string {
  const indent = `\n${"    ".repeat(depth)}`;
  if (Array.isArray(value)) {
    const items = value as readonly JsonValue[];
    return items.length === 0
      ? " []"
      : items.map((item) => `${indent}-${yamlBlock(item, depth + 1)}`).join("");
  }
  if (typeof value === "object" && value !== null) {
    const members = Object.entries(value).filter(([, member]) => member !== undefined);
    if (members.length === 0) return " {}";
    return members
      .map(([key, member]) => `${indent}${yamlKey(key)}:${yamlBlock(member ?? null, depth + 1)}`)
      .join("");
  }
  return ` ${yamlScalar(value)}`;
}

function yamlKey(key: string): string {
  return /^[A-Za-z_][A-Za-z0-9_-]*$/.test(key) && !/^(?:y|n|yes|no|on|off|true|false|null)$/i.test(key)
    ? key
    : JSON.stringify(key);
}

function yamlScalar(value: string | number | boolean | null | undefined): string {
  if (typeof value !== "number") return JSON.stringify(value ?? null);
  if (Number.isNaN(value)) return ".nan";
  if (!Number.isFinite(value)) return value > 0 ? ".inf" : "-.inf";
  // YAML 1.1 readers take 1e-9 for a string: they want a point and a sign in the exponent.
  const text = String(value).replace(/e\+?(-?)/, (_match, sign: string) => `e${sign === "" ? "+" : sign}`);
  return text.includes("e") && !text.includes(".") ? text.replace("e", ".0e") : text;
}
