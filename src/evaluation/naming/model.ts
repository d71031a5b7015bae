/** Names of models, in the one spelling that runs are called by. */

/** The models of the pipeline, as its folders and tasks have called them: a pattern that takes the longest that fits. */
export const MODELS = [
  "backtranslations-train-backwards-model",
  "backwards?",
  "distillation-student-model-(?:train|finetune)",
  "finetuned?-(?:student|teacher)",
  "quantized",
  "student(?:-finetuned?)?",
  "teacher(?:-(?:all|base|ensemble|finetuned?|model|parallel))?",
].join("|");

/** A language with its script or country: `en`, `hbs`, `zh_hant`, `zh_Hant`, `zh-Hant`, `pt_BR`. */
export const LANGUAGE = "[a-z]{2,3}(?:_(?:[A-Za-z]{4}|[A-Za-z]{2})|-(?:[A-Z][a-z]{3}|[A-Z]{2}))?";

/** One of several: `2`, `2/4`, and `2_4` where a file is called by it. The first group is the number. */
export const CHUNK = "(\\d+)(?:[/_|]\\d+)?";

/** What the pipeline's folders and tasks have been called, and the model's name. */
const RENAMED: Readonly<Record<string, string>> = {
  "distillation-student-model-train": "student",
  "distillation-student-model-finetune": "finetune-student",
  "teacher-model": "teacher",
  "backtranslations-train-backwards-model": "backwards",
  backward: "backwards",
  // The folder that keeps the evaluations of the model made small.
  speed: "quantized",
};

const TRAINING = new RegExp(
  `^(?:train-)?(${MODELS})(?:[-_]*${CHUNK})?(?:[-_]${LANGUAGE}-${LANGUAGE}(?:[-_]+${CHUNK})?)?$`,
);

/** The name of a model, from what it is called ({@link MODELS}) and its number, where there are several. */
export function modelName(known: string, number: string | undefined): string {
  const name = known.replace("finetuned", "finetune");
  const model = RENAMED[name] ?? name;
  const given = number ?? (model === "teacher" ? "1" : undefined);
  return given === undefined ? model : `${model}-${given}`;
}

/**
 * The model that a training's label names: `train-teacher-model-ru-en-1` is `teacher-1`. Nothing where it names no
 * training.
 */
export function modelOfTraining(label: string): string | undefined {
  const [, known, number, chunk] = TRAINING.exec(label) ?? [];
  return known === undefined ? undefined : modelName(known, number ?? chunk);
}

/**
 * The model of a folder: `teacher-finetuned0` is `teacher-finetune-0`, `backward` is `backwards`, `teacher` is
 * `teacher-1`, `speed` is `quantized`. Nothing where the folder names no known model.
 */
export function modelOfFolder(folder: string): string | undefined {
  return folder === "speed" ? modelName(folder, undefined) : modelOfTraining(folder);
}
