/** Which of two values of a metric is the better one. */
export type Better = "low" | "high";

/**
 * Words by which metrics are known, without the numbers of their versions: `metricx24` and `MetricX-24-Hybrid` are
 * `metricx`. Errors and costs, MetricX among them, are better if they are low.
 */
const WORDS: readonly (readonly [better: Better, word: RegExp])[] = [
  ["low", /^(?:cost|loss|nll|ce|entropy|perplexity|ppl|mse|rmse|mae|errors?|h?ter|wer|cer|metricx[a-z]*)$/],
  [
    "high",
    /^(?:(?:sp|sacre)?bleu|chrf(?:pp)?|x?comet(?:kiwi|oid)?|bleurt|bertscore|meteor|nist|rouge[a-z]*)$/,
  ],
  ["high", /^(?:yisi|accuracy|translation|script)$/],
];
/** What a metric is of, however the word before is read: the cost of a translation is a cost. */
const LAST = /^(?:cost|loss|errors?|accuracy)$/;

/** `low` or `high`; undefined for an unknown metric. */
export function betterOf(metric: string): Better | undefined {
  const words = metric.toLowerCase().match(/[a-z]+/g) ?? [];
  const last = words.at(-1) ?? "";
  for (const word of LAST.test(last) ? [last] : words) {
    const known = WORDS.find(([, pattern]) => pattern.test(word));
    if (known !== undefined) return known[0];
  }
  return undefined;
}

/** Whether `value` is better than `than`, not equal to it. */
export function isBetter(value: number, than: number, better: Better): boolean {
  return better === "low" ? value < than : value > than;
}

/** Marian's own verdict on a value: one that stalled is not better than the last best. */
export function betterTold(verdict: {
  readonly value: number;
  readonly stalled?: number | undefined;
  readonly best?: number | undefined;
}): Better | undefined {
  const { value, stalled = 0, best } = verdict;
  if (stalled === 0 || best === undefined || !(value < best || value > best)) return undefined;
  return value < best ? "high" : "low";
}
