/**
 * `.metrics.json` files: `{metric: {score, details}}`, or one metric alone: `{score, details: {name}}`, also as sacreBLEU
 * prints it, `{name, score, …}`, or a list of such.
 */
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
  const entries = entriesOf(document, metric);
  if (entries === undefined)
    throw new EvaluationError(
      "a .metrics.json file is an object with a metric for each key; this one is none",
    );
  const scores = new Map<string, number>();
  const faults: string[] = [];
  for (const [key, entry] of entries) {
    const name = key === "bleu" ? "bleu_detok" : key;
    const leaveOut = (why: string) => faults.push(`${brief(key)} is left out: ${why}`);
    if (key === "score" || key === "details")
      leaveOut("neither the file's name nor its details name the metric");
    else if (!isObject(entry)) leaveOut(`it is ${brief(entry)}, not {"score": …}`);
    else {
      const score = scoreOf(entry);
      if (typeof score !== "number") leaveOut(`its score is ${brief(score)}, no number`);
      else if (scores.has(name)) leaveOut(`there is a ${name} already`);
      else scores.set(name, score);
    }
  }
  if (scores.size === 0) {
    const why = faults.length > 0 ? `: ${faults.slice(0, 5).join("; ")}` : "";
    throw new EvaluationError(`the .metrics.json file has no metric with a score${why}`);
  }
  return { metrics: scaledMetrics(scores), faults };
}

/** What a score is called: by the pipeline and sacreBLEU, and by two ways to call COMET. */
const SCORES = ["score", "mean_score", "system_score"] as const;

/** Metrics with what the document says of each; undefined where it is none of metrics. */
function entriesOf(document: unknown, metric: string | undefined): [string, unknown][] | undefined {
  if (Array.isArray(document) && document.length > 0)
    return document.flatMap((entry) => alone(entry, document.length === 1 ? metric : undefined));
  if (!isObject(document)) return undefined;
  const isAlone = SCORES.some((key) => Object.hasOwn(document, key) && !isObject(document[key]));
  return isAlone ? alone(document, metric) : Object.entries(document);
}

function scoreOf(entry: Readonly<Record<string, unknown>>): unknown {
  const key = SCORES.find((name) => Object.hasOwn(entry, name));
  return key === undefined ? undefined : entry[key];
}

/** The entries of what holds one metric, and perhaps others beside it. */
function alone(document: unknown, metric: string | undefined): [string, unknown][] {
  if (!isObject(document)) return [["score", document]];
  const { details } = document;
  // sacreBLEU prints the name, and its signature in parts, beside the score.
  const isSacreBleu = typeof document["name"] === "string";
  const name = metric ?? (isObject(details) ? details["name"] : undefined) ?? document["name"];
  const others = Object.entries(document).filter(
    ([key, value]) =>
      ![...SCORES, "scores", "details", "name"].includes(key) && (isObject(value) || !isSacreBleu),
  );
  return [[typeof name === "string" ? tableName(name) : "score", { score: scoreOf(document) }], ...others];
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
