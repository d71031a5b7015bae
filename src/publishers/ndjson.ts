/** NDJSON: one object a line, in the order of the log. */
import { type FileHandle, open } from "node:fs/promises";
import { dirname } from "node:path";
import { KIND, PRESENT } from "../core/layout.js";
import type { Measurement } from "../core/measurement.js";
import { checkReader, makeFolder } from "../io/file-system.js";
import { type OutputFile, openOutputFile, writing } from "../io/output-file.js";
import { isMeasured, type RunUpdate } from "../run/run-reader.js";
import type { Segment } from "../run/segment.js";
import type { WriteMode } from "./csv/csv-file.js";
import { jsonNumber } from "./tables/row-text.js";
import type { OpenedRun, PublisherOutcome, UpdatePublisher } from "./update-publisher.js";

/** Where lines go: a file, or standard output. */
export interface LineOutput {
  /** Whether nobody reads on: what is written then is dropped. Absent of a file. */
  readonly closed?: boolean;
  /** Takes text; bytes need not hold longer than until it is written. */
  write(lines: string | Uint8Array): Promise<void>;
  /** Moves a file to its path and returns the path; standard output has none. */
  close(): Promise<readonly string[]>;
  discard(): Promise<void>;
}

/** A file of lines, made with the first write. */
export class LineFile implements LineOutput {
  readonly #path: string;
  readonly #mode: WriteMode;
  #output: OutputFile | undefined;
  #file: FileHandle | undefined;

  constructor(path: string, mode: WriteMode) {
    this.#path = path;
    this.#mode = mode;
  }

  async write(lines: string | Uint8Array): Promise<void> {
    if (this.#file === undefined) {
      if (this.#mode === "live") {
        await makeFolder(dirname(this.#path));
        await checkReader(this.#path);
      } else this.#output = await openOutputFile(this.#path);
      this.#file = await open(this.#output?.part ?? this.#path, "w");
    }
    await writing(this.#path, this.#file.appendFile(lines));
  }

  async close(): Promise<readonly string[]> {
    await this.write("");
    await this.#file?.close();
    await this.#output?.commit();
    return [this.#path];
  }

  async discard(): Promise<void> {
    await this.#file?.close().catch(() => {});
    await this.#output?.discard();
  }
}

/** Writes measurements as NDJSON. */
export class NdjsonPublisher implements UpdatePublisher {
  readonly name = "NDJSON";
  readonly #output: LineOutput;
  /** Lines that wait for the first measurement; undefined if lines are written at once. */
  #held: string | undefined;
  #head = "";

  /** @param evenIfEmpty Writes without a measurement, too; else an existing file stays until there is one. */
  constructor(output: LineOutput, evenIfEmpty = true) {
    this.#output = output;
    this.#held = evenIfEmpty ? undefined : "";
  }

  open({ source }: OpenedRun): void {
    this.#head = `"source":${JSON.stringify(source)}`;
  }

  async publish(update: RunUpdate): Promise<void> {
    const text = this.#format(update);
    if (this.#held !== undefined && isMeasured(update.batch)) {
      const held = this.#held;
      this.#held = undefined;
      await this.#write(held);
    }
    await this.#write(text);
  }

  /** Writes that the log could not be read, or not to its end. */
  async fail(message: string): Promise<void> {
    await this.#write(`{"type":"error",${this.#head},"message":${JSON.stringify(message)}}\n`);
  }

  async close(): Promise<PublisherOutcome> {
    if (this.#held === undefined) return { outputs: await this.#output.close() };
    await this.discard();
    return { outputs: [], nothingWritten: true };
  }

  async discard(): Promise<void> {
    await this.#output.discard();
  }

  async #write(lines: string): Promise<void> {
    if (this.#held !== undefined) this.#held += lines;
    else if (lines !== "") await this.#output.write(lines);
  }

  #format({ batch, segments }: RunUpdate): string {
    const lines: string[] = [];
    let training = 0;
    let validation = 0;
    let event = 0;
    for (const kind of batch.order) {
      if (kind === KIND.training) {
        lines.push(this.#training(batch, training++));
      } else if (kind === KIND.validation) {
        lines.push(this.#line(batch.validationRow(validation++)));
      } else {
        const segment = segments.get(event);
        if (kind !== KIND.mark)
          lines.push(segment === undefined ? this.#line(batch.event(event)) : this.#segment(segment));
        event += 1;
      }
    }
    return lines.join("");
  }

  /** Training rows come by the million, so theirs are put together without an object each. */
  #training({ training, time }: RunUpdate["batch"], row: number): string {
    const present = training.present[row] ?? 0;
    let line = `{"type":"training",${this.#head},"segment":${training.segment[row]},"line":${training.line[row]}`;
    if (present & PRESENT.timestamp) {
      line += `,"timestamp":"${time.format(training.timestamp[row] ?? 0, (present & PRESENT.utc) !== 0, training.segment[row] ?? 0)}"`;
    }
    line += `,"epoch":${jsonNumber(training.epoch[row] ?? 0)},"up":${training.up[row]},"sen":${training.sen[row]}`;
    line += `,"cost":${jsonNumber(training.cost[row] ?? 0)}`;
    if (present & PRESENT.labels) line += `,"labels":${training.labels[row]}`;
    if (present & PRESENT.batch_labels) line += `,"batch_labels":${training.batch_labels[row]}`;
    if (present & PRESENT.total_labels) line += `,"total_labels":${training.total_labels[row]}`;
    if (present & PRESENT.time) line += `,"time":${jsonNumber(training.time[row] ?? 0)}`;
    if (present & PRESENT.rate) line += `,"rate":${jsonNumber(training.rate[row] ?? 0)}`;
    if (present & PRESENT.gnorm) line += `,"gnorm":${jsonNumber(training.gnorm[row] ?? 0)}`;
    if (present & PRESENT.learning_rate)
      line += `,"learning_rate":${jsonNumber(training.learning_rate[row] ?? 0)}`;
    return `${line}}\n`;
  }

  #segment({ arguments: _arguments, warnings: _warnings, ...start }: Segment): string {
    return this.#line({ type: "segment", ...start });
  }

  #line({ type, ...rest }: Measurement | { type: string }): string {
    const fields = JSON.stringify(rest, (_key, value: unknown) =>
      typeof value === "number" && !Number.isFinite(value) ? String(value) : value,
    );
    return `{"type":"${type}",${this.#head},${fields.slice(1)}\n`;
  }
}
