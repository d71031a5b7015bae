import { Command } from "../cli/command.js";
import { Args, Flags } from "../cli/flags/flag.js";
import { labelJson, labelText, type NamedLabel } from "../cli/label-text.js";
import { parseTaskLabel } from "../evaluation/naming/label.js";
import { EXIT } from "../exit-code.js";
import { jsonText } from "../io/escape.js";
import { printText } from "../io/terminal.js";

export default class LabelCommand extends Command {
  static override summary = "Print what labels of tasks and names of evaluations mean.";
  static override description =
    `Prints model, importer, dataset and augmentation, as the other commands read them: of labels of training and evaluation \
tasks, and of names of evaluations' logs.

Exit codes: 0 all names were read; 1 one of them is neither a training nor an evaluation of a known model; 2 wrong flags.`;
  static override examples = [
    "<%= config.bin %> label train-teacher-model-ru-en-1 evaluate-teacher-flores-devtest-ru-en-1",
    {
      description: "For programs",
      command: "<%= config.bin %> label eval_student-finetuned_flores_devtest --json",
    },
  ];
  static override strict = false;
  static override args = {
    name: Args.string({
      description: "label of a task, or name of a log",
      required: true,
      ignoreStdin: true,
    }),
  };
  static override flags = {
    json: Flags.boolean({ description: "a list of objects on standard output" }),
  };

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(LabelCommand);
    const labels = argv.map(
      (name): NamedLabel => ({ name: String(name), label: parseTaskLabel(String(name)) }),
    );
    printText(flags.json ? jsonText(labelJson(labels)) : labelText(labels));
    this.exit(labels.every(({ label }) => label !== undefined) ? EXIT.ok : EXIT.input);
  }
}
