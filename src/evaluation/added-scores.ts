/** Scores of one evaluation that lie in several files. */

/** BLEU, chrF and COMET are printed with one digit after the point in some files and with more in others. */
const ROUNDING: ReadonlyMap<string, number> = new Map([
  ["bleu_detok", 0.05],
  ["chrf", 0.05],
  ["comet", 0.05],
]);
const EPSILON = 1e-9;

/** The scores that differ from those that count, in words: `chrf 61.2 (there 58)`. */
export function otherScores(
  counted: ReadonlyMap<string, number>,
  scores: ReadonlyMap<string, number>,
): string[] {
  return [...scores]
    .filter(([name, score]) => isDifferent(name, score, counted.get(name)))
    .map(([name, score]) => `${name} ${score} (there ${counted.get(name)})`);
}

/** Adds the scores of metrics that are not there yet. */
export function addScores(counted: Map<string, number>, scores: ReadonlyMap<string, number>): void {
  for (const [name, score] of scores) if (!counted.has(name)) counted.set(name, score);
}

function isDifferent(name: string, score: number, counted: number | undefined): boolean {
  if (counted === undefined || Object.is(score, counted)) return false;
  return !(Math.abs(score - counted) <= (ROUNDING.get(name) ?? 0) + EPSILON);
}
