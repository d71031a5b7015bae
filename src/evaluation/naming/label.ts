/** Labels of training and evaluation tasks, and names of evaluation logs. */
import { type DatasetName, datasetOf, isImporter, parseDataset } from "./dataset.js";
import { CHUNK, LANGUAGE, MODELS, modelName, modelOfTraining } from "./model.js";

/** A label's parts. */
export interface TaskLabel {
  readonly stage: "train" | "evaluate";
  /** The run's name without its suffix: `teacher-1`, `student`, `backwards`, `finetune-student`, `quantized` … */
  readonly model: string;
  /** The source of the dataset; `unknown` if the label names only a dataset; null for a training. */
  readonly importer: string | null;
  /** Null if the label names only the importer, and for a training. */
  readonly dataset: string | null;
  /** `aug-mix` and the like; null for the dataset as it is, and for a training. */
  readonly augmentation: string | null;
}

/** The lookahead keeps the longest model, so that `evaluate-teacher-ensemble` is not a teacher with a dataset `ensemble`. */
const EVALUATION = new RegExp(`^eval(?:uate)?([-_])(?=(${MODELS}|speed))\\2(?:-?(\\d+))?[-_](.+)$`, "s");

/** At this position any word is an importer, except an augmentation. */
const IMPORTER = /^(?!aug-)([A-Za-z][A-Za-z0-9]*)([-_])(.+)$/s;

/** What was evaluated, the language pair of the task, and the number of the teacher. */
const PAIR = new RegExp(`^(.+?)-(${LANGUAGE}-${LANGUAGE})(?:-${CHUNK})?$`, "s");

const THREE_LETTERS = "[a-z]{3}(?:_[A-Za-z]+)?";
const THREE_LETTER_PAIR = new RegExp(`^(.+-)?${THREE_LETTERS}-${THREE_LETTERS}$`, "s");

/**
 * Reads the label of a task (`train-teacher-model-ru-en-1`, `evaluate-teacher-flores-devtest-ru-en-1`) or the name of
 * an evaluation's log (`eval_teacher-base0_flores_devtest`). Undefined if it is neither a training nor an evaluation of
 * a known model.
 */
export function parseTaskLabel(label: string): TaskLabel | undefined {
  const trained = modelOfTraining(label);
  if (trained !== undefined)
    return { stage: "train", model: trained, importer: null, dataset: null, augmentation: null };
  const [, separator, known, number, rest] = EVALUATION.exec(label) ?? [];
  if (known === undefined || rest === undefined) return undefined;
  const isTask = separator === "-";
  const [, before = rest, pair = "", chunk] = PAIR.exec(rest) ?? [];
  const evaluated = pair !== "" && isOfDataset(pair, before, isTask) ? `${before}-${pair}` : before;
  return { stage: "evaluate", model: modelName(known, number ?? chunk), ...readEvaluated(evaluated, isTask) };
}

/**
 * Whether the pair at the end is part of the dataset's name. Datasets of mtdata, `<group>-<name>-<version>-eng-lit`, end
 * with three-letter languages. In labels of tasks the pair of the experiment follows, in names of logs it does not.
 */
function isOfDataset(pair: string, before: string, isTask: boolean): boolean {
  const mayBe = !isTask || /^mtdata[-_].*-.*-/s.test(before);
  return mayBe && THREE_LETTER_PAIR.test(pair) && !THREE_LETTER_PAIR.test(before);
}

function readEvaluated(name: string, isTask: boolean): DatasetName {
  const [, importer, separator, part] = IMPORTER.exec(name) ?? [];
  if (importer === undefined || part === undefined) return parseDataset(name);
  // Names of logs have `_` between importer and dataset: `Neulab-tedtalks_test` is a dataset.
  return isTask || separator === "_" || isImporter(importer) ? datasetOf(importer, part) : parseDataset(name);
}
