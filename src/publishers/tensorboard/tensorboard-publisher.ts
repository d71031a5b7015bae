/** TensorBoard: the measurements of one run as an event file. */
import type { Batch } from "../../core/batch.js";
import { KIND, PRESENT } from "../../core/layout.js";
import type { PatternMeasurement } from "../../core/measurement.js";
import type { TimestampFormat } from "../../core/timestamp.js";
import type { ConfigValue } from "../../run/config-value.js";
import { stalledColumn } from "../../run/metric-columns.js";
import { isMeasured, type RunUpdate } from "../../run/run-reader.js";
import type { Segment } from "../../run/segment.js";
import { patternNumber } from "../../run/step-rows.js";
import type { WriteMode } from "../csv/csv-file.js";
import type { Note, OpenedRun, PublisherOutcome, UpdatePublisher } from "../update-publisher.js";
import { EventEncoder, ScalarTag } from "./event-encoder.js";
import { EventFile } from "./event-file.js";
import { averageScores, gpusOf, RunningTime } from "./job-figures.js";

/** What TensorBoard's horizontal axis counts. */
export type StepUnit = "updates" | "sentences" | "labels";

/**
 * A column of training records and its tag. The tags are those of marian-tensorboard, so that charts and scripts made for
 * it go on working; the last two are not in it.
 */
const TRAINING_TAGS = [
  ["epoch", "train/epoch"],
  ["cost", "train/Cost"],
  ["batch_labels", "train/effective_batch_size"],
  ["up", "train/total_updates"],
  ["sen", "train/total_sentences"],
  ["total_labels", "train/total_labels"],
  ["learning_rate", "train/learning_rate"],
  ["gnorm", "train/gradient_norm"],
  ["rate", "train/words_per_second"],
  ["labels", "train/labels"],
  ["time", "train/time"],
] as const;

/** Figures that are made of several records. */
const SENTENCES_DIFF = new ScalarTag("train/sentences-diff");
const WALL_CLOCK = new ScalarTag("train/wall-clock");
const HOURS = new ScalarTag("train/hours");
const GPUS = new ScalarTag("train/gpus");

/** The column that gives the step; it has no tag then. */
const STEP_COLUMN = { updates: "up", sentences: "sen", labels: "total_labels" } as const;

/** Where and how a run's event file is written. */
export interface TensorboardOptions {
  /** The folder of the run, below TensorBoard's log directory. */
  readonly folder: string;
  readonly mode: WriteMode;
  readonly step: StepUnit;
}

/** Writes one run. Rows that a restart repeats are kept, as in every file. */
export class TensorboardPublisher implements UpdatePublisher {
  readonly name = "TensorBoard";
  readonly #options: TensorboardOptions;
  readonly #file: EventFile;
  readonly #encoder = new EventEncoder();
  readonly #trainingTags: readonly { column: (typeof TRAINING_TAGS)[number][0]; tag: ScalarTag }[];
  /** By index of the parser's metric names. */
  readonly #metricTags: (readonly [ScalarTag, ScalarTag])[] = [];
  readonly #patternTags = new Map<string, ScalarTag>();
  /** Step and time of the latest record, in the form of the file. */
  #step = 0;
  #wallTime = 0;
  #source = "";
  /** Turns the log's clock to wall time; a clock without a zone is taken as UTC. */
  #time: TimestampFormat | undefined;
  readonly #running = new RunningTime();
  /** Of the training record before. */
  #sentences = 0;
  #gpus: number | undefined;
  #begun = false;
  #measured = false;
  #withoutStep = 0;

  constructor(options: TensorboardOptions) {
    this.#options = options;
    this.#file = new EventFile(options.folder, options.mode);
    const axis = STEP_COLUMN[options.step];
    this.#trainingTags = TRAINING_TAGS.filter(([column]) => column !== axis).map(([column, tag]) => ({
      column,
      tag: new ScalarTag(tag),
    }));
  }

  open({ source }: OpenedRun): void {
    this.#source = source;
  }

  async publish({ batch, segments }: RunUpdate): Promise<void> {
    this.#time = batch.time;
    let [training, validation, event] = [0, 0, 0];
    for (const kind of batch.order) {
      if (kind === KIND.training) this.#training(batch, training++);
      else if (kind === KIND.validation) this.#validation(batch, validation++);
      else {
        const segment = segments.get(event);
        if (segment !== undefined) this.#segment(batch, event, segment);
        else if (kind === KIND.pattern) this.#pattern(batch.event(event) as PatternMeasurement);
        event += 1;
      }
    }
    // The configuration alone does not replace the file of an earlier run.
    this.#measured ||= isMeasured(batch);
    if (!this.#measured) return;
    const events = this.#encoder.take();
    if (events.length > 0) await this.#file.write(events);
  }

  async close(): Promise<PublisherOutcome> {
    if (this.#measured && this.#options.step === "updates") await this.#averages();
    const path = await this.#file.close();
    if (path === undefined) return { outputs: [], nothingWritten: true };
    const notes: Note[] = [];
    const others = await this.#file.others();
    if (others.length > 0)
      notes.push({
        text: `${this.#options.folder} also holds ${others.join(", ")}: TensorBoard shows both as one run`,
      });
    if (this.#withoutStep > 0)
      notes.push({
        text: `${this.#withoutStep === 1 ? "1 training row without label counts stands" : `${this.#withoutStep} training rows without label counts stand`} at the step of the row before`,
      });
    return { outputs: [path], notes };
  }

  async discard(): Promise<void> {
    await this.#file.discard();
  }

  #training({ training }: Batch, row: number): void {
    const present = training.present[row] ?? 0;
    const axis = STEP_COLUMN[this.#options.step];
    if (axis !== "total_labels" || present & PRESENT.total_labels) this.#step = training[axis][row] ?? 0;
    else this.#withoutStep += 1;
    const tags: ScalarTag[] = [];
    const values: number[] = [];
    for (const { column, tag } of this.#trainingTags) {
      const always = column === "epoch" || column === "up" || column === "sen" || column === "cost";
      if (!always && (present & PRESENT[column]) === 0) continue;
      tags.push(tag);
      values.push(training[column][row] ?? 0);
    }
    this.#begin(present, training.timestamp[row] ?? 0, training.segment[row] ?? 0);
    const sentences = training.sen[row] ?? 0;
    tags.push(SENTENCES_DIFF);
    values.push(sentences - this.#sentences);
    this.#sentences = sentences;
    if (present & PRESENT.timestamp) {
      tags.push(WALL_CLOCK, HOURS);
      values.push(this.#wallTime, this.#running.hoursAt(this.#wallTime));
    }
    if (this.#gpus !== undefined) {
      tags.push(GPUS);
      values.push(this.#gpus);
    }
    this.#encoder.scalars(this.#wallTime, this.#step, tags, values);
  }

  #validation(batch: Batch, row: number): void {
    const { validation } = batch;
    const present = validation.present[row] ?? 0;
    // Validation lines tell updates only.
    if (this.#options.step === "updates") this.#step = validation.up[row] ?? 0;
    const metric = validation.metric[row] ?? 0;
    this.#metricTags[metric] ??= metricTags(batch.metricName(metric));
    this.#begin(present, validation.timestamp[row] ?? 0, validation.segment[row] ?? 0);
    if (present & PRESENT.timestamp) this.#running.hoursAt(this.#wallTime);
    const values = [validation.value[row] ?? 0, validation.stalled[row] ?? 0];
    this.#encoder.scalars(this.#wallTime, this.#step, this.#metricTags[metric], values);
  }

  #segment(batch: Batch, event: number, segment: Segment): void {
    const { present = 0, timestamp = 0 } = batch.events[event] ?? {};
    this.#begin(present, timestamp, segment.segment);
    this.#gpus = gpusOf(segment);
    for (const [name, value] of Object.entries(segment.config ?? {})) this.#text(name, textOf(value));
    this.#text("marian_version", segment.marian_version ?? "");
    this.#text("command_line", segment.command_line ?? "");
  }

  /** Groups that match a number are charted, others are texts. They stand at the update before them. */
  #pattern({ name, values }: PatternMeasurement): void {
    this.#begin(0, 0, 0);
    for (const [group, value] of Object.entries(values)) {
      const tag = cleanTag(`${name}/${group}`);
      const number = patternNumber(value);
      if (Number.isNaN(number)) {
        this.#text(tag, value);
        continue;
      }
      const known = this.#patternTags.get(tag) ?? new ScalarTag(tag);
      this.#patternTags.set(tag, known);
      this.#encoder.scalars(this.#wallTime, this.#step, [known], [number]);
    }
  }

  /** Takes the record's time, if it has one; before the first event of the file writes what stands at its head. */
  #begin(present: number, timestamp: number, segment: number): void {
    if (present & PRESENT.timestamp && this.#time !== undefined)
      this.#wallTime = this.#time.absolute(timestamp, (present & PRESENT.utc) !== 0, segment) / 1000;
    if (this.#begun) return;
    this.#begun = true;
    this.#encoder.version(this.#wallTime);
    this.#encoder.text(this.#wallTime, 0, "source/text_summary", this.#source);
  }

  /** The scores of averaged models, whose files have no times. */
  async #averages(): Promise<void> {
    for (const { name, step, bleu } of await averageScores(this.#source)) {
      const tag = cleanTag(`valid-avg/${name}_bleu`);
      const known = this.#patternTags.get(tag) ?? new ScalarTag(tag);
      this.#patternTags.set(tag, known);
      this.#encoder.scalars(this.#wallTime, step, [known], [bleu]);
    }
    const events = this.#encoder.take();
    if (events.length > 0) await this.#file.write(events);
  }

  #text(name: string, text: string): void {
    if (text !== "") this.#encoder.text(this.#wallTime, this.#step, `${cleanTag(name)}/text_summary`, text);
  }
}

/** A value of the configuration as text; lists and maps as JSON. */
function textOf(value: ConfigValue): string {
  if (value === null) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** The two tags of a validation metric: its value, and how often in a row it stalled (0 for a new best). */
function metricTags(metric: string): readonly [ScalarTag, ScalarTag] {
  const tag = `valid/${cleanTag(metric)}`;
  return [new ScalarTag(tag), new ScalarTag(stalledColumn(tag))];
}

/** TensorBoard's tags are made of few characters. */
function cleanTag(tag: string): string {
  return tag.replace(/[^-/\w.]/g, "_");
}
