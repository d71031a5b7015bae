/** What is in the artifacts: made up, but for the training logs that tests give. */
import type { StoredTask } from "./store.js";

/** Two lines of a training, for tests that give no log. */
const LINES = `[2026-11-23 19:00:01] [marian] Marian v1.12.14 2d067afb 2024-02-16 11:44:13 -0500
[2026-11-23 19:10:01] Ep. 1 : Up. 1000 : Sen. 250,000 : Cost 5.12345678 : Time 60.00s : 12345.67 words/s : gNorm 1.2345
`;

/** Scores that a model and a dataset always have, BLEU and chrF from 0 to 100. */
export function scoresOf(label: string): {
  readonly bleu: number;
  readonly chrf: number;
  readonly comet: number;
} {
  let sum = 7;
  for (const character of label) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) % 10_007;
  return { bleu: 20 + (sum % 200) / 10, chrf: 45 + (sum % 177) / 10, comet: (7000 + (sum % 2000)) / 10_000 };
}

/** The content of an artifact. */
export function contentOf(task: StoredTask, name: string, trainLog: Buffer | undefined): Buffer {
  const { bleu, chrf, comet } = scoresOf(task.definition.metadata.name);
  if (name.endsWith("/train.log")) return trainLog ?? Buffer.from(LINES);
  if (name.endsWith("/live_backing.log"))
    return Buffer.from(
      (trainLog ?? Buffer.from(LINES))
        .toString("latin1")
        .replace(/^(?=[\s\S])/gm, "[task 2026-11-23T19:00:01.000Z] "),
      "latin1",
    );
  if (name.endsWith("/valid.log")) return Buffer.from("");
  if (name.endsWith(".metrics.json")) {
    const scores = { bleu: { score: bleu, details: {} }, chrf: { score: chrf, details: {} } };
    return Buffer.from(JSON.stringify({ ...scores, comet: { score: comet, details: {} } }));
  }
  if (name.endsWith(".metrics")) return Buffer.from(`${bleu}\n${chrf}\n${comet}\n`);
  return Buffer.from(`${name}\n`);
}
