/** Names of models, in the one spelling that runs are called by. */

/** What the pipeline's folders and tasks have been called, and the model's name. */
const RENAMED: Readonly<Record<string, string>> = {
  "distillation-student-model-train": "student",
  "distillation-student-model-finetune": "finetune-student",
  "teacher-model": "teacher",
  "backtranslations-train-backwards-model": "backwards",
  backward: "backwards",
};

const KNOWN =
  /^(?:backtranslations-train-backwards-model|backwards?|distillation-student-model-(?:train|finetune)|finetune-(?:student|teacher)|finetuned-student|quantized|student(?:-finetuned?)?|teacher(?:-(?:all|base|ensemble|finetuned?|model|parallel))?)$/;

/**
 * The model of a training's folder: `teacher-finetuned0` is `teacher-finetune-0`, `backward` is `backwards`, `teacher`
 * is `teacher-1`. Nothing where the folder names no known model.
 */
export function modelOfFolder(folder: string): string | undefined {
  const [, base = "", suffix] = /^(.*?)(?:-?(\d+))?$/s.exec(folder.replace(/^train-/, "")) ?? [];
  if (!KNOWN.test(base)) return undefined;
  const name = base.replace("finetuned", "finetune");
  const model = RENAMED[name] ?? name;
  const number = suffix ?? (model === "teacher" ? "1" : undefined);
  return number === undefined ? model : `${model}-${number}`;
}
