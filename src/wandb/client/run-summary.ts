import { type JsonObject, type JsonValue, stringifyJson } from "./format/json.js";

/** The last value of each key of a run. */
export class RunSummary {
  readonly #values = new Map<string, JsonValue>();

  /** `stored` is the summary of the run that is resumed. */
  constructor(stored: JsonObject = {}) {
    this.put(stored);
  }

  /** Takes the values of a row, or values set by hand. */
  put(values: JsonObject): void {
    for (const key in values) {
      const value = values[key];
      if (value !== undefined && key !== "_wandb") this.#values.set(key, value);
    }
  }

  /** The complete summary as JSON, with these values in the place of its own; W&B replaces the one it has by it. */
  toJson(values: JsonObject = {}): string {
    const runtime = this.#values.get("_runtime");
    const seconds = typeof runtime === "number" && Number.isFinite(runtime) ? Math.trunc(runtime) : 0;
    return stringifyJson({ ...Object.fromEntries(this.#values), ...values, _wandb: { runtime: seconds } });
  }
}
