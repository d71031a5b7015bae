/** Names of models, in the spelling of runs. */

/** A pattern of all names that folders and tasks of the pipeline have used for its models; it matches the longest. */
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

/** One of several: `2`, `2/4`, and `2_4` in names of files. The first group is the number. */
export const CHUNK = "(\\d+)(?:[/_|]\\d+)?";

/** Names that folders and tasks have used, and the model's name. */
const RENAMED: Readonly<Record<string, string>> = {
  "distillation-student-model-train": "student",
  "distillation-student-model-finetune": "finetune-student",
  "teacher-model": "teacher",
  "backtranslations-train-backwards-model": "backwards",
  backward: "backwards",
  // The folder with the evaluations of the quantized model.
  speed: "quantized",
};

const TRAINING = new RegExp(
  `^(?:train-)?(${MODELS})(?:[-_]*${CHUNK})?(?:[-_]${LANGUAGE}-${LANGUAGE}(?:[-_]+${CHUNK})?)?$`,
);

/** The name of a model by one of its {@link MODELS} names, and its number if there are several. */
export function modelName(known: string, number: string | undefined): string {
  const name = known.replace("finetuned", "finetune");
  const model = RENAMED[name] ?? name;
  const given = number ?? (model === "teacher" ? "1" : undefined);
  return given === undefined ? model : `${model}-${given}`;
}

/**
 * The model of a training's label: `train-teacher-model-ru-en-1` is `teacher-1`. Undefined for any other label.
 */
export function modelOfTraining(label: string): string | undefined {
  const [, known, number, chunk] = TRAINING.exec(label) ?? [];
  return known === undefined ? undefined : modelName(known, number ?? chunk);
}

/**
 * The model of a folder: `teacher-finetuned0` is `teacher-finetune-0`, `backward` is `backwards`, `teacher` is
 * `teacher-1`, `speed` is `quantized`. Undefined if the folder names no known model.
 */
export function modelOfFolder(folder: string): string | undefined {
  return folder === "speed" ? modelName(folder, undefined) : modelOfTraining(folder);
}
