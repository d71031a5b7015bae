/** The training and validation tables of some runs: parts that are joined to those of all runs. */
import type { RunUpdate } from "../../run/run-reader.js";
import type { RunName } from "./columns.js";
import type { EarlierRows } from "./earlier-rows.js";
import { PartFiles, type PartOptions, type PartTablesSummary } from "./part-files.js";
import { csvHead, jsonHead, runCells } from "./row-text.js";
import { putTraining, trainingJson } from "./training-rows.js";
import { ValidationRows, validationJson } from "./validation-rows.js";

/** Writes the part's files into a folder that is there; one run after the other. */
export class PartTables {
  readonly #training: PartFiles;
  readonly #validation: PartFiles;
  readonly #options: PartOptions;

  constructor(folder: string, options: PartOptions) {
    this.#options = options;
    this.#training = new PartFiles(folder, "training", options);
    this.#validation = new PartFiles(folder, "validation", options);
  }

  /** Begins a run: its updates go to the function that is returned, which throws what the disk says. */
  startRun(name: RunName): (update: RunUpdate) => void {
    const { partitionBy } = this.#options;
    this.#noteStart();
    const csv = new TextEncoder().encode(csvHead(name, partitionBy));
    const json = jsonHead(name, partitionBy);
    const texts = runCells(name, partitionBy);
    const validations = new ValidationRows();
    return (update) => {
      const { batch, closed } = update;
      if (batch.training.length > 0) {
        const { csv: csvFile, ndjson, columns } = this.#training;
        this.#training.rows += batch.training.length;
        csvFile?.push(batch.viewTrainingCsv({ position: true, labels: true, segment: false }, csv));
        ndjson?.push(trainingJson(batch, json));
        columns?.add(texts, batch.training.length, (from, to, filler) =>
          putTraining(batch, from, to, filler),
        );
      }
      if (closed.length > 0) {
        const { csv: csvFile, ndjson, columns } = this.#validation;
        this.#validation.rows += closed.length;
        csvFile?.push(validations.csv(update, csv));
        ndjson?.push(validationJson(validations.take(update), json));
        columns?.add(texts, closed.length, (from, to, filler) => validations.put(update, from, to, filler));
      }
    };
  }

  /** Adds a run whose rows are in earlier tables; it is the one at `index` of their part. */
  async copyRun(name: RunName, earlier: EarlierRows, index: number): Promise<void> {
    this.#noteStart();
    const texts = runCells(name, this.#options.partitionBy);
    await earlier.copy("training", index, texts, this.#training);
    await earlier.copy("validation", index, texts, this.#validation);
  }

  /** Ends the part: its files are complete. */
  close(): PartTablesSummary {
    this.#noteStart();
    try {
      this.#training.close();
    } finally {
      this.#validation.close();
    }
    return { training: this.#training.summary, validation: this.#validation.summary };
  }

  #noteStart(): void {
    this.#training.startRun();
    this.#validation.startRun();
  }
}
