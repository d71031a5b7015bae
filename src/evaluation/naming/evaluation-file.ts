/** Names of files that hold the scores of one model on one dataset. */
import { type DatasetName, readDatasetName } from "./dataset.js";
import { readLabel } from "./label.js";
import { LANGUAGE, modelOfFolder } from "./model.js";

/** What the name of a file of scores tells. */
export interface EvaluationFileName {
  /** The languages, `en-ru`; absent where the name does not begin with them. */
  readonly pair?: string;
  /** The model; absent where only the file's folder tells it. */
  readonly model?: string;
  /** Whether that model is one of the pipeline's. */
  readonly known: boolean;
  /** Absent where the file holds any metrics, each under its own name. */
  readonly metric?: string;
  readonly dataset: DatasetName;
}

const PAIR = new RegExp(`^${LANGUAGE}-${LANGUAGE}$`);
/** When a final evaluation was made; a copy of the newest has the word. */
const MADE = /^(?:latest|\d{8}T\d{6}Z?)$/;
const METRIC = /__([A-Za-z0-9][A-Za-z0-9+.-]*)$/;
/** Translates with the models that the pipeline trains; every other translator has models of its own. */
const OWN_TRANSLATOR = "bergamot";

/**
 * Reads the name of a file of scores without `.metrics` or `.metrics.json`:
 *
 * - `<src>-<trg>__<dataset>__<translator>__<model>__<metric>`, with or without a time before the metric, as the final
 *   evaluation writes it: of another translator than Bergamot the model is called `<translator>-<model>`;
 * - `evaluate-<model>-<importer>-<dataset>-…`, like a task;
 * - `<importer>_<dataset>`; and both of these with `__<metric>` at their end.
 *
 * @param parted Whether a metric may stand at the end: only `.metrics.json` files hold one alone.
 */
export function readEvaluationFileName(stem: string, parted: boolean): EvaluationFileName {
  const metric = parted ? METRIC.exec(stem)?.[1] : undefined;
  const rest = metric === undefined ? stem : stem.slice(0, -metric.length - "__".length);
  const named = metric === undefined ? {} : { metric };
  const [pair = "", dataset = "", translator = "", ...others] = rest.split("__");
  if (metric !== undefined && PAIR.test(pair) && others.length > 0) {
    if (others.length > 1 && MADE.test(others.at(-1) ?? "")) others.pop();
    const own = others.join("__");
    const known = translator === OWN_TRANSLATOR ? modelOfFolder(own) : undefined;
    const model = translator === OWN_TRANSLATOR ? own : `${translator}-${own}`;
    return {
      pair,
      ...named,
      model: known ?? model,
      known: known !== undefined,
      dataset: readDatasetName(dataset),
    };
  }
  const label = readLabel(rest);
  if (label?.stage !== "evaluate" || label.importer === null)
    return { ...named, known: false, dataset: readDatasetName(rest) };
  const { model, importer, augmentation } = label;
  return { ...named, model, known: true, dataset: { importer, dataset: label.dataset, augmentation } };
}
