/** Lines of Marian's, put together afresh. */

/** A day on which Paris keeps summer time. */
export const DAY = "2024-07-03";

/** The start of Marian with a configuration. */
export function start(
  options: { version?: string; metrics?: readonly string[]; time?: string } = {},
): string {
  const { version = "v1.12.14", metrics = [], time = `${DAY} 08:00:00` } = options;
  const list = metrics.map((metric) => `[${time}] [config]   - ${metric}\n`).join("");
  return (
    `[${time}] [marian] Marian ${version} 2d067af 2024-02-16 11:44:13 -0500\n` +
    `[${time}] [marian] Running on box as process 7 with command line:\n` +
    `[${time}] [marian] /opt/marian --type transformer --devices 0 1\n` +
    `[${time}] [config] type: transformer\n` +
    (metrics.length === 0 ? "" : `[${time}] [config] valid-metrics:\n${list}`) +
    `[${time}] Training started\n`
  );
}

/** A training record of update `up`: sentences `up * 100`, cost `10 / up`, every other field. */
export function train(up: number, options: { epoch?: number | string; time?: string } = {}): string {
  const { epoch = 1, time = `${DAY} 09:00:00` } = options;
  return `[${time}] Ep. ${epoch} : Up. ${up} : Sen. ${sentences(up)} : ${rest(up)}\n`;
}

/** When {@link train} and {@link valid} were printed, as CSV files have it. */
export const TRAINED = `${DAY}T09:00:00.000Z`;
export const VALIDATED = `${DAY}T10:00:00.000Z`;

/** The row of {@link train} in training.csv, without the line end. */
export function trainRow(up: number, epoch: number | string = 1): string {
  return `${referenceRow(up, epoch)},${TRAINED}`;
}

/** The same in the files of the reference. */
export function referenceRow(up: number, epoch: number | string = 1): string {
  return `${epoch},${up},${up * 100},${(10 / up).toFixed(8).replace(/(\.\d+?)0+$/, "$1")},12.5,8000.25,1.0625,0.0003`;
}

/** A validation record. */
export function valid(
  up: number,
  metric: string,
  value: number | string,
  tail = "new best",
  options: { epoch?: number | string; time?: string } = {},
): string {
  const { epoch = 1, time = `${DAY} 10:00:00` } = options;
  return `[${time}] [valid] Ep. ${epoch} : Up. ${up} : ${metric} : ${value} : ${tail}\n`;
}

/** Log text without a measurement. */
export function chatter(words = "Saving model weights and runtime parameters to model.npz"): string {
  return `[${DAY} 10:30:00] ${words}\n`;
}

/** The header of training.csv, of ours and of the reference's. */
export const REFERENCE_TRAINING = "epoch,up,sen,cost,time,rate,gnorm,learning_rate";
export const TRAINING_HEADER = `${REFERENCE_TRAINING},timestamp`;
/** The header of validation.csv. */
export const REFERENCE_VALIDATION =
  "epoch,up,chrf,ce_mean_words,bleu_detok,perplexity,chrf_stalled,ce_mean_words_stalled,bleu_detok_stalled,perplexity_stalled";
export const VALIDATION_HEADER = `${REFERENCE_VALIDATION},timestamp`;

/** Lines as a CSV file has them. */
export function csv(...lines: readonly string[]): string {
  return lines.map((line) => `${line}\r\n`).join("");
}

function sentences(up: number): string {
  return (up * 100).toLocaleString("en-US");
}

function rest(up: number): string {
  return `Cost ${(10 / up).toFixed(8)} : Time 12.50s : 8000.25 words/s : gNorm 1.0625 : L.r. 3.0000e-04`;
}
