/** `.metrics.json` files: `{metric: {score, details}}`, or one metric alone: `{score, details: {name}}`. */
import { EvaluationError } from "./errors.js";
import { scaledMetrics } from "./metric-names.js";

/** What a `.metrics.json` file holds. */
export interface JsonMetrics {
  /** At least one. `bleu_detok`, `chrf`, `comet` (0 to 100) first, then the others as they are called and scaled. */
  readonly metrics: ReadonlyMap<string, number>;
  /** The metrics that are left out, in words. */
  readonly faults: readonly string[];
}

/**
 * Reads a `.metrics.json` file with every metric in it. Not-a-number and infinities may be bare words, as Python writes
 * them. A score that is no number, or absent, costs itself.
 *
 * @param metric What the file's name calls its one metric; without it, `details` may name it.
 * @throws EvaluationError when it is no JSON of that form or no score is a number.
 */
export function readMetricsJson(text: string, metric?: string): JsonMetrics {
  const document = parse(text);
  if (!isObject(document))
    throw new EvaluationError(
      "a .metrics.json file is an object with a metric for each key; this one is none",
    );
  const scores = new Map<string, number>();
  const faults: string[] = [];
  const isAlone = Object.hasOwn(document, "score") && !isObject(document["score"]);
  for (const [key, entry] of isAlone ? alone(document, metric) : Object.entries(document)) {
    const name = key === "bleu" ? "bleu_detok" : key;
    const leaveOut = (why: string) => faults.push(`${brief(key)} is left out: ${why}`);
    if (key === "score" || key === "details")
      leaveOut("neither the file's name nor its details name the metric");
    else if (!isObject(entry)) leaveOut(`it is ${brief(entry)}, not {"score": …}`);
    else if (typeof entry["score"] !== "number") leaveOut(`its score is ${brief(entry["score"])}, no number`);
    else if (scores.has(name)) leaveOut(`there is a ${name} already`);
    else scores.set(name, entry["score"]);
  }
  if (scores.size === 0) {
    const why = faults.length > 0 ? `: ${faults.slice(0, 5).join("; ")}` : "";
    throw new EvaluationError(`the .metrics.json file has no metric with a score${why}`);
  }
  return { metrics: scaledMetrics(scores), faults };
}

/** The entries of a file that holds one metric, and perhaps others beside it. */
function alone(
  { details, ...document }: Readonly<Record<string, unknown>>,
  metric: string | undefined,
): [string, unknown][] {
  const name = metric ?? (isObject(details) ? details["name"] : undefined);
  const { score, ...others } = document;
  return [[typeof name === "string" ? tableName(name) : "score", { score }], ...Object.entries(others)];
}

/** What sacreBLEU calls its metrics, as tables do. */
function tableName(name: string): string {
  if (/^chrf2?$/i.test(name)) return "chrf";
  return /^(?:bleu|comet)$/i.test(name) ? name.toLowerCase() : name;
}

/** Python writes the words bare; JSON has none of them. */
const STRING_OR_WORD = /"(?:[^"\\]|\\.)*"?|-?Infinity|NaN/gs;

/** Stands for NaN until the text is read. Nobody's text is so. */
const NOT_A_NUMBER = "\uE000NaN";

function parse(text: string): unknown {
  const document = text.replace(/^\uFEFF/, "");
  try {
    return JSON.parse(document);
  } catch {
    // Perhaps because of such words only.
  }
  const plain = document.replace(STRING_OR_WORD, (found) => {
    if (found.startsWith('"')) return found;
    return found === "NaN" ? `"${NOT_A_NUMBER}"` : found.replace("Infinity", "1e999");
  });
  try {
    return JSON.parse(plain, (_key, value: unknown) => (value === NOT_A_NUMBER ? Number.NaN : value));
  } catch (error) {
    throw new EvaluationError(`the .metrics.json file is no JSON: ${brief(String(error))}`);
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A value in a message: short. */
function brief(value: unknown): string {
  if (value === undefined) return "missing";
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "a list" : "an object";
  return typeof value === "string" ? JSON.stringify(value.slice(0, 80)) : String(value);
}
