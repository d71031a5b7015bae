import { Command } from "../cli/command.js";
import { Flags } from "../cli/flags/flag.js";
import {
  noKeyText,
  targetRequest,
  taskSecretFlag,
  type WandbFlagValues,
  wandbFlags,
} from "../cli/flags/wandb-flags.js";
import { watchStopSignals } from "../cli/stop-signal.js";
import { showProgress } from "../cli/terminal/progress.js";
import type { Evaluation } from "../evaluation/evaluation.js";
import { evaluationTitle } from "../evaluation/naming/dataset.js";
import { readGroupFolder, suffixOf } from "../evaluation/naming/group-name.js";
import { parseTaskLabel } from "../evaluation/naming/label.js";
import type { Scores } from "../evaluation/score-file.js";
import { EXIT, stopCode } from "../exit-code.js";
import { inSeconds } from "../http/index.js";
import { jsonText } from "../io/escape.js";
import { InputError } from "../io/input-error.js";
import { printText, say } from "../io/terminal.js";
import { findTarget, type RunTarget } from "../live/run-target.js";
import { readScoreFile, scoresOf } from "../live/scores.js";
import type { PublisherOutcome } from "../publishers/update-publisher.js";
import { given, type JsonObject, modeOfClient, resolveSettings, type WandbSettings } from "../wandb/index.js";

const W_AND_B = "WEIGHTS & BIASES";
const { "wandb-artifacts": _artifacts, ...sharedFlags } = wandbFlags;

/** A task that only evaluates is not to wait for W&B as long as an archive may. */
const BUDGET_MS = 60_000;
/** What is left for the publication if the questions before it took all the time. */
const LEAST_BUDGET_MS = 1000;

export default class Eval extends Command {
  static override summary = "Publish the scores of one evaluation.";
  static override description =
    `For evaluation tasks. Publishes every metric of the file; none is required. Inside a Taskcluster task, the label, project, \
group and run come from the task, and the key from --taskcluster-secret. Several evaluations of a group may be published \
at the same moment.

If WANDB_PUBLICATION is set to anything but true, nothing is published.

Exit codes: 0 everything arrived; 1 the scores could not be read; 2 wrong flags or no key; 3 not everything arrived (the \
rest is in the offline file); 130, 143 stopped by SIGINT, SIGTERM.`;
  static override examples = [
    {
      description: "At the end of an evaluation task",
      command: "<%= config.bin %> eval --metrics-json flores_devtest.metrics.json",
    },
    {
      description: "Anywhere, with scores of your own",
      command:
        "<%= config.bin %> eval --metric bleu=35.2 --metric chrf=61.7 --label evaluate-student-flores-devtest-cs-en --wandb-project cs-en --wandb-group baseline_aY25-4fXTcuJNuMcWXUYtQ",
    },
  ];
  static override flags = {
    "metrics-json": Flags.string({
      description: "the scores: a .metrics.json, or a .metrics of two or three lines",
      helpValue: "FILE",
      exclusive: ["metric"],
    }),
    metric: Flags.string({
      multiple: true,
      multipleNonGreedy: true,
      description: "a score, COMET from 0 to 1; may be repeated",
      helpValue: "NAME=NUMBER",
    }),
    label: Flags.string({
      description: "what was evaluated, in the form of a task's label  [default: the task's own]",
      helpValue: "LABEL",
    }),
    json: Flags.boolean({ description: "the receipt as JSON on standard output" }),
    quiet: Flags.boolean({ char: "q", description: "no receipt unless something went wrong" }),
    wandb: Flags.boolean({ allowNo: true, default: true, description: "W&B: publish", helpGroup: W_AND_B }),
    ...sharedFlags,
    ...taskSecretFlag,
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Eval);
    const { usage } = this;
    if (flags["metrics-json"] === undefined && flags.metric === undefined)
      usage("no scores: give --metrics-json FILE or --metric NAME=NUMBER");
    const settings = this.#settings(flags);
    const consent = process.env["WANDB_PUBLICATION"];
    const isOff =
      !flags.wandb ||
      settings?.mode === "disabled" ||
      (consent !== undefined && consent.toLowerCase() !== "true");
    if (!isOff && settings !== undefined && this.#lacksKey(settings, flags)) {
      const project = flags["wandb-project"];
      const what = project === undefined ? "the evaluation" : `the evaluation in the project ${project}`;
      this.usageLine(noKeyText(what, settings));
    }
    const scores = await this.#scores(flags["metrics-json"], flags.metric ?? []);
    for (const fault of scores.faults) this.warn(fault);
    if (isOff) {
      if (!flags.quiet) say("nothing is published: Weights & Biases is switched off");
      return;
    }
    const stop = watchStopSignals();
    const given = flags.label === undefined ? undefined : parseTaskLabel(flags.label);
    if (flags.label !== undefined && given?.stage !== "evaluate")
      usage(
        `--label '${flags.label}' names no evaluation: write it as in evaluate-student-flores-devtest-cs-en`,
      );
    const group = flags["wandb-group"];
    const suffix = group === undefined ? "" : suffixIn(group);
    const run = flags["wandb-run-name"] ?? (given === undefined ? undefined : given.model + suffix);
    const patience = flags["retry-for"] ?? BUDGET_MS;
    const begun = performance.now();
    if (!flags.quiet)
      say(
        `publishing to Weights & Biases; what is not taken within ${inSeconds(patience)} goes to the offline file`,
      );
    const target = await findTarget(
      {
        ...targetRequest(flags),
        run,
        askingMs: patience,
        source: flags["metrics-json"] ?? "-",
        ...(given === undefined ? {} : { model: given.model }),
      },
      { environment: process.env, stop: stop.signal, warn: (text) => this.warn(text) },
    );
    if (target === undefined) return this.exit(EXIT.usage);
    const progress = showProgress((elapsed) => `publishing, ${elapsed}`, process.stderr, flags.quiet);
    try {
      const label = given ?? target.task?.named;
      if (label?.stage !== "evaluate" || label.importer === null)
        return usage(
          target.task === undefined
            ? "what was evaluated is not known outside a task: give --label evaluate-student-flores-devtest-cs-en"
            : `the label of the task, ${target.task.label}, names no evaluation: give --label`,
        );
      const { model, importer, dataset, augmentation } = label;
      const source = flags["metrics-json"] ?? "--metric";
      const evaluation: Evaluation = {
        run: model,
        importer,
        dataset,
        augmentation,
        metrics: scores.metrics,
        source,
      };
      // One budget for all: a machine with GPUs waits for it.
      const budget = Math.max(LEAST_BUDGET_MS, patience - (performance.now() - begun));
      const place = { ...target.place, budget };
      const outcomes = await this.#publish({ ...target, place }, evaluation, target.suffix ?? suffix);
      progress.stop();
      const undelivered = [...new Set(outcomes.flatMap((outcome) => outcome.undelivered ?? []))];
      const result = undelivered.length > 0 ? EXIT.publisher : EXIT.ok;
      const code = stop.received === undefined ? result : stopCode(stop.received);
      this.#report(target, evaluation, outcomes, undelivered, { ...flags, code });
      this.exit(code);
    } finally {
      progress.stop();
      await target.close();
    }
  }

  /** Undefined if something is wrong with them: the search for the target says what. */
  #settings(flags: WandbFlagValues): WandbSettings | undefined {
    try {
      // A bad key is for the search, too: it goes on without.
      const environment = { ...process.env, WANDB_API_KEY: undefined };
      return resolveSettings({ mode: modeOfClient(flags["wandb-client"]) }, environment);
    } catch {
      return undefined;
    }
  }

  /** Whether no key is named, and the task has no secret to ask for one. */
  #lacksKey(
    { mode, apiKey }: WandbSettings,
    flags: WandbFlagValues & { readonly "taskcluster-secret": string | undefined },
  ): boolean {
    if (mode !== "online" || apiKey !== undefined) return false;
    const isNamed = (flags["wandb-api-key-file"] ?? given(process.env, "WANDB_API_KEY")) !== undefined;
    const asksTask = flags["taskcluster-secret"] && given(process.env, "TASKCLUSTER_PROXY_URL");
    return !isNamed && !asksTask;
  }

  async #scores(file: string | undefined, metrics: readonly string[]): Promise<Scores> {
    try {
      return file === undefined ? scoresOf(metrics) : await readScoreFile(file);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      return this.error(error.message, { exit: file === undefined ? EXIT.usage : EXIT.input });
    }
  }

  /** The model's own run goes first: it is what the group's table can be made of again. */
  async #publish(target: RunTarget, evaluation: Evaluation, suffix: string): Promise<PublisherOutcome[]> {
    const { publishEvaluationRun, publishGroupLogs } = await import("../wandb/index.js");
    const { place, id, task } = target;
    const evaluations = [evaluation];
    const attempt = async (publication: Promise<PublisherOutcome>): Promise<PublisherOutcome> =>
      publication.catch((error: Error) => ({ outputs: [], undelivered: error.message }));
    const outcomes = [await attempt(publishEvaluationRun({ ...place, id, evaluations }))];
    if (place.group !== undefined) {
      const config = task?.experiment.config as JsonObject | undefined;
      const { client: _, ...offline } = place;
      // A server that did not take the first run is not waited for again.
      const next = outcomes[0]?.undelivered === undefined ? place : offline;
      const logs = { ...next, group: place.group, suffix, evaluations, run: id, fromRuns: true };
      outcomes.push(await attempt(publishGroupLogs(config === undefined ? logs : { ...logs, config })));
    }
    return outcomes;
  }

  #report(
    { place, id }: RunTarget,
    evaluation: Evaluation,
    outcomes: readonly PublisherOutcome[],
    undelivered: readonly string[],
    { json, quiet, code }: { readonly json: boolean; readonly quiet: boolean; readonly code: number },
  ): void {
    const outputs = outcomes.flatMap((outcome) => outcome.outputs);
    const notes = outcomes.flatMap((outcome) => (outcome.notes ?? []).map(({ text }) => text));
    if (json) {
      const { run: model, importer, dataset, augmentation } = evaluation;
      const metrics = Object.fromEntries(evaluation.metrics);
      const receipt = {
        project: place.project,
        group: place.group ?? null,
        run: id,
        evaluation: { model, importer, dataset, augmentation, metrics },
        outputs,
        notes,
        undelivered,
        exit_code: code,
      };
      printText(jsonText(receipt));
      return;
    }
    for (const text of undelivered) say(`not delivered: ${text}`);
    if (quiet && undelivered.length === 0) return;
    const scores = [...evaluation.metrics].map(([name, value]) => `${name} ${Math.round(value * 100) / 100}`);
    say(`${place.project}/${id}: ${evaluationTitle(evaluation)}: ${scores.join(", ")}`);
    for (const output of outputs) say(`  wrote ${output}`);
    for (const note of notes) say(`  note  ${note}`);
  }
}

/** What the ids of a group's runs end with. */
function suffixIn(group: string): string {
  const { name, groupId } = readGroupFolder(group);
  return suffixOf(name, groupId);
}
