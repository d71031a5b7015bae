/** The training and validation tables of some runs: parts that are joined to those of all runs. */
import type { RunUpdate } from "../../run/run-reader.js";
import type { RunName } from "./columns.js";
import { PartFiles, type PartOptions, type PartTableName, type TablePart } from "./part-files.js";
import { csvHead, jsonHead } from "./row-text.js";
import { putTraining, trainingJson } from "./training-rows.js";
import { ValidationRows, validationJson } from "./validation-rows.js";

/** A part, but for its runs. */
export type PartTablesSummary = Readonly<Record<PartTableName, TablePart>>;

/** Writes the part's files into a folder that is there; one run after the other. */
export class PartTables {
  readonly #training: PartFiles;
  readonly #validation: PartFiles;

  constructor(folder: string, options: PartOptions) {
    this.#training = new PartFiles(folder, "training", options);
    this.#validation = new PartFiles(folder, "validation", options);
  }

  /** Begins a run: its updates go to the function that is returned, which throws what the disk says. */
  startRun(name: RunName): (update: RunUpdate) => void {
    const csv = new TextEncoder().encode(csvHead(name));
    const json = jsonHead(name);
    const texts = [name.project, name.group, name.run];
    const validations = new ValidationRows();
    return (update) => {
      const { batch, closed } = update;
      if (batch.training.length > 0) {
        const { csv: csvFile, ndjson, columns } = this.#training;
        csvFile?.push(batch.viewTrainingCsv({ position: true, labels: true, segment: false }, csv));
        ndjson?.push(trainingJson(batch, json));
        columns?.add(texts, batch.training.length, (from, to, filler) =>
          putTraining(batch, from, to, filler),
        );
      }
      if (closed.length > 0) {
        const { csv: csvFile, ndjson, columns } = this.#validation;
        csvFile?.push(validations.csv(update, csv));
        ndjson?.push(validationJson(validations.take(update), json));
        columns?.add(texts, closed.length, (from, to, filler) => validations.put(update, from, to, filler));
      }
    };
  }

  /** Ends the part: its files are complete. */
  close(): PartTablesSummary {
    try {
      this.#training.close();
    } finally {
      this.#validation.close();
    }
    return { training: this.#training.summary, validation: this.#validation.summary };
  }
}
