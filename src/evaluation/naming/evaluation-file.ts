/** Names of files that hold the scores of one model on one dataset. */
import { withoutCompression } from "../../io/file-name.js";
import { type DatasetName, parseDataset } from "./dataset.js";
import { parseTaskLabel } from "./label.js";
import { LANGUAGE, modelOfFolder } from "./model.js";

/** What the name of a file of scores says. */
export interface EvaluationFileName {
  /** By the name's ending: `.metrics.json`, `.metrics`; any other file is the log of an evaluation. */
  readonly kind: "metrics.json" | "metrics" | "log";
  /** The languages, `en-ru`; absent if the name does not begin with them. */
  readonly pair?: string;
  /** Absent if only the file's folder names the model. */
  readonly model?: string;
  /** Whether the model is one of the pipeline's. */
  readonly known: boolean;
  /** The only metric of the file; absent if the file names its metrics. */
  readonly metric?: string;
  readonly dataset: DatasetName;
}

const ENDING = /\.(?:(metrics(?:\.json)?)|log)$/i;
const PAIR = new RegExp(`^${LANGUAGE}-${LANGUAGE}$`);
/** The time of a final evaluation; a copy of the newest has the word. */
const MADE = /^(?:latest|\d{8}T\d{6}Z?)$/;
const METRIC = /__([A-Za-z0-9][A-Za-z0-9+.-]*)$/;
/** Translates with the models that the pipeline trains; every other translator has its own models. */
const OWN_TRANSLATOR = "bergamot";

/**
 * Reads the name of a file of scores, which before its ending is one of these:
 *
 * - `<src>-<trg>__<dataset>__<translator>__<model>__<metric>`, perhaps with a time before the metric, as the final
 *   evaluation writes it. Models of other translators than Bergamot are called `<translator>-<model>`;
 * - `evaluate-<model>-<importer>-<dataset>-…`, like a task;
 * - `<importer>_<dataset>`; and both of these with `__<metric>` at their end.
 *
 * Only `.metrics.json` files may hold one metric and name it.
 */
export function readEvaluationFileName(fileName: string): EvaluationFileName {
  const plain = withoutCompression(fileName);
  const kind = (ENDING.exec(plain)?.[1]?.toLowerCase() ?? "log") as EvaluationFileName["kind"];
  const stem = plain.replace(ENDING, "");
  const metric = kind === "metrics.json" ? METRIC.exec(stem)?.[1] : undefined;
  const rest = metric === undefined ? stem : stem.slice(0, -metric.length - "__".length);
  const named = { kind, ...(metric === undefined ? {} : { metric }) };
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
      dataset: parseDataset(dataset),
    };
  }
  const label = parseTaskLabel(rest);
  if (label?.stage !== "evaluate" || label.importer === null)
    return { ...named, known: false, dataset: parseDataset(rest) };
  const { model, importer, augmentation } = label;
  return { ...named, model, known: true, dataset: { importer, dataset: label.dataset, augmentation } };
}
