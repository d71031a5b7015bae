/**
 * Files of scores. `.metrics` has BLEU, chrF and perhaps COMET, one a line. `.metrics.json` is `{metric: {score,
 * details}}`, or one metric: `{score, details: {name}}`, also as sacreBLEU prints it, `{name, score, …}`, or a list of
 * these.
 */

import { InputError } from "../io/input-error.js";
import { isObject } from "../json.js";
import type { EvaluationFileName } from "./naming/evaluation-file.js";
import { metricOfKey, scaledMetrics } from "./scores.js";

/** The scores of a file. */
export interface Scores {
  /** `bleu_detok`, `chrf`, `comet` (0 to 100) first, then every other metric by its own name and scale. */
  readonly metrics: ReadonlyMap<string, number>;
  /** Describes each metric that is left out. */
  readonly faults: readonly string[];
}

/**
 * Reads a file of scores.
 *
 * @param name What its name says: the form, and the metric of a file with only one.
 * @throws InputError, without the file's name, if the text has another form or no score.
 */
export function readScores(
  { kind, metric }: Pick<EvaluationFileName, "kind" | "metric">,
  text: string,
): Scores {
  return kind === "metrics" ? { metrics: readMetrics(text), faults: [] } : readMetricsJson(text, metric);
}

/**
 * Reads a `.metrics` file. Other lines than numbers are skipped: some versions of sacreBLEU add advice.
 *
 * @throws InputError unless it holds two or three numbers.
 */
function readMetrics(text: string): ReadonlyMap<string, number> {
  const scores = text
    .split(/\r\n|\r|\n/)
    .map(readFloat)
    .filter((score) => score !== undefined);
  const [bleu, chrf, comet] = scores;
  if (bleu === undefined || chrf === undefined || scores.length > 3) {
    const count = scores.length === 1 ? "1 number" : `${scores.length || "no"} numbers`;
    throw new InputError(
      `a .metrics file has 2 or 3 lines that are a number (BLEU, chrF and COMET); this one has ${count}`,
    );
  }
  const given: [string, number][] = [
    ["bleu_detok", bleu],
    ["chrf", chrf],
  ];
  if (comet !== undefined) given.push(["comet", comet]);
  return scaledMetrics(new Map(given));
}

/**
 * Reads every metric of a `.metrics.json` file. NaN and infinities may be bare words, as Python writes them. A metric
 * without a numeric score is left out.
 *
 * @param metric The metric in the name of a file with only one; without it, `details` may name the metric.
 * @throws InputError if it is not JSON of that form or has no numeric score.
 */
function readMetricsJson(text: string, metric?: string): Scores {
  const entries = entriesOf(parse(text), metric);
  if (entries === undefined)
    throw new InputError("a .metrics.json file must be an object with a key for each metric");
  const scores = new Map<string, number>();
  const faults: string[] = [];
  for (const [key, entry] of entries) {
    const name = metricOfKey(key);
    const leaveOut = (why: string) => faults.push(`${brief(key)} is left out: ${why}`);
    if (key === "score" || key === "details")
      leaveOut("neither the file's name nor its details name the metric");
    else if (!isObject(entry)) leaveOut(`it is ${brief(entry)}, not {"score": …}`);
    else {
      const score = scoreOf(entry);
      if (typeof score !== "number") leaveOut(`its score is ${brief(score)}, not a number`);
      else if (scores.has(name)) leaveOut(`there is a ${name} already`);
      else scores.set(name, preciseScore(score, entry["details"]));
    }
  }
  if (scores.size === 0) {
    const why = faults.length > 0 ? `: ${faults.slice(0, 5).join("; ")}` : "";
    throw new InputError(`the .metrics.json file has no metric with a score${why}`);
  }
  return { metrics: scaledMetrics(scores), faults };
}

/** The keys of a score: the pipeline's and sacreBLEU's, and those of two ways to call COMET. */
const SCORES = ["score", "mean_score", "system_score"] as const;

/** The metrics and their values; undefined if the document has another form. */
function entriesOf(document: unknown, metric: string | undefined): [string, unknown][] | undefined {
  if (Array.isArray(document) && document.length > 0)
    return document.flatMap((entry) => oneMetric(entry, document.length === 1 ? metric : undefined));
  if (!isObject(document)) return undefined;
  const isOne = SCORES.some((key) => Object.hasOwn(document, key) && !isObject(document[key]));
  return isOne ? oneMetric(document, metric) : Object.entries(document);
}

function scoreOf(entry: Readonly<Record<string, unknown>>): unknown {
  const key = SCORES.find((name) => Object.hasOwn(entry, name));
  return key === undefined ? undefined : entry[key];
}

/** The score before the pipeline rounded it to four decimals, if its details tell; else the score as it is. */
function preciseScore(score: number, details: unknown): number {
  if (!isObject(details) || !Number.isFinite(score)) return score;
  const decimals = decimalsOf(score);
  const isMore = (value: number) =>
    decimalsOf(value) > decimals && Math.abs(value - score) <= 0.5 * 10 ** -decimals;
  return fullScores(details).find(isMore) ?? score;
}

/** What the details of the pipeline's metrics hold of the score itself. */
function fullScores(details: Readonly<Record<string, unknown>>): number[] {
  const given = [...SCORES, "corpus_score"].map((key) => details[key]);
  // The score of unaligned-ratio is a difference, that of an LLM a mean.
  const { unaligned_ratio_translation: translation, unaligned_ratio_ref: reference, scores } = details;
  if (typeof translation === "number" && typeof reference === "number") given.push(translation - reference);
  const parts = isObject(scores) ? Object.values(scores) : [];
  if (parts.length > 0 && parts.every((part) => typeof part === "number"))
    given.push(parts.reduce((sum, part) => sum + part, 0) / parts.length);
  return given.filter((value) => typeof value === "number");
}

function decimalsOf(value: number): number {
  const [, digits = "", exponent = "0"] = /^-?\d+(?:\.(\d+))?(?:e(.*))?$/.exec(String(value)) ?? [];
  return Math.max(0, digits.length - Number(exponent));
}

/** The metric of `{score, …}`, and any further metrics in the same object. */
function oneMetric(document: unknown, metric: string | undefined): [string, unknown][] {
  if (!isObject(document)) return [["score", document]];
  const { details } = document;
  // sacreBLEU prints the name and the parts of its signature next to the score.
  const isSacreBleu = typeof document["name"] === "string";
  const name = metric ?? (isObject(details) ? details["name"] : undefined) ?? document["name"];
  const others = Object.entries(document).filter(
    ([key, value]) =>
      ![...SCORES, "scores", "details", "name"].includes(key) && (isObject(value) || !isSacreBleu),
  );
  return [
    [typeof name === "string" ? tableName(name) : "score", { score: scoreOf(document), details }],
    ...others,
  ];
}

/** sacreBLEU's name of a metric as tables have it. */
function tableName(name: string): string {
  if (/^chrf2?$/i.test(name)) return "chrf";
  return /^(?:bleu|comet)$/i.test(name) ? name.toLowerCase() : name;
}

/** Python writes these words bare; JSON lacks them. */
const STRING_OR_WORD = /"(?:[^"\\]|\\.)*"?|-?Infinity|NaN/gs;

/** Stands for NaN until the text is parsed. No file contains it. */
const NOT_A_NUMBER = "\uE000NaN";

function parse(text: string): unknown {
  const document = text.replace(/^\uFEFF/, "");
  try {
    return JSON.parse(document);
  } catch {
    // Perhaps only because of such words.
  }
  const plain = document.replace(STRING_OR_WORD, (found) => {
    if (found.startsWith('"')) return found;
    return found === "NaN" ? `"${NOT_A_NUMBER}"` : found.replace("Infinity", "1e999");
  });
  try {
    return JSON.parse(plain, (_key, value: unknown) => (value === NOT_A_NUMBER ? Number.NaN : value));
  } catch (error) {
    throw new InputError(`the .metrics.json file is not JSON: ${brief(String(error))}`);
  }
}

/** A value, short enough for a message. */
function brief(value: unknown): string {
  if (value === undefined) return "missing";
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "a list" : "an object";
  return typeof value === "string" ? JSON.stringify(value.slice(0, 80)) : String(value);
}

const DIGITS = "\\d+(?:_\\d+)*";
const NUMBER = new RegExp(`^[-+]?(?:${DIGITS}(?:\\.(?:${DIGITS})?)?|\\.${DIGITS})(?:[eE][-+]?${DIGITS})?$`);
const WORD = /^([-+]?)(?:(inf(?:inity)?)|nan)$/i;

/** Reads a text as Python's `float()` does: blanks around, `1_0`, `1e1`, `.5`, `nan`, `-inf`. Undefined if it is not a number. */
export function readFloat(text: string): number | undefined {
  const word = text.trim();
  if (NUMBER.test(word)) return Number(word.replaceAll("_", ""));
  const [matched, sign, infinite] = WORD.exec(word) ?? [];
  if (matched === undefined) return undefined;
  if (infinite === undefined) return Number.NaN;
  return sign === "-" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}
