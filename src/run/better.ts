/** Which of two values of a metric is the better one. */
export type Better = "low" | "high";

const LOW = /^(?:perplexity|(?:ce|mse|mae|ter|wer|cer)(?:[-_].*)?|cross[-_]entropy|.*[-_]cost|cost)$/i;
const HIGH =
  /^(?:bleu|chrf|comet\d*|cometkiwi\d*|spbleu|accuracy|translation|valid[-_]script|bleurt|metricx?)(?:[-_+].*)?$/i;

/** `low` or `high`; undefined for a metric of which that is not known. */
export function betterOf(metric: string): Better | undefined {
  if (LOW.test(metric)) return "low";
  if (/[-_]accuracy$/i.test(metric) || HIGH.test(metric)) return "high";
  return undefined;
}

/** Whether `value` is better than `than`, not equal to it. */
export function isBetter(value: number, than: number, better: Better): boolean {
  return better === "low" ? value < than : value > than;
}

/** What Marian's own verdict on a value tells: one that stalled is no better than the last best. */
export function betterTold(verdict: {
  readonly value: number;
  readonly stalled?: number | undefined;
  readonly best?: number | undefined;
}): Better | undefined {
  const { value, stalled = 0, best } = verdict;
  if (stalled === 0 || best === undefined || !(value < best || value > best)) return undefined;
  return value < best ? "high" : "low";
}
