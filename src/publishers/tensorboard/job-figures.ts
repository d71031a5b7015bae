/** Figures of a training that other scripts around Marian put into TensorBoard, beyond what a line of the log says. */
import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Segment } from "../../run/segment.js";

/** Seconds between two records from which on the training stood still: it waited for a machine, or was stopped. */
const GAP = 1200;
const HOUR = 3600;

/**
 * Hours that a training ran: its records' times without the gaps between them. A gap counts as long as the records before
 * it were apart on average.
 */
export class RunningTime {
  #first: number | undefined;
  #last = 0;
  #gaps = 0;
  #mean = 0;
  #intervals = 0;

  /** @param time Of a record, in seconds since 1970. */
  hoursAt(time: number): number {
    if (this.#first === undefined) {
      this.#first = time;
      this.#last = time;
      return 0;
    }
    const interval = time - this.#last;
    if (interval > GAP) this.#gaps += interval - this.#mean;
    else {
      this.#intervals += 1;
      this.#mean += (interval - this.#mean) / this.#intervals;
    }
    this.#last = time;
    return (time - this.#gaps - this.#first) / HOUR;
  }
}

/** How many GPUs a start of Marian used: 0 if it ran on the CPU; undefined if the log does not tell. */
export function gpusOf({ arguments: given, config }: Segment): number | undefined {
  const threads = Number(config?.["cpu-threads"] ?? given?.["cpu-threads"] ?? 0);
  if (threads > 0) return 0;
  const devices = given?.["devices"] ?? config?.["devices"];
  if (devices === undefined || devices === null) return undefined;
  const words = Array.isArray(devices) ? devices.map(String) : String(devices).split(/\s+/);
  return words.filter((word) => /^\d+$/.test(word)).length;
}

/** A score of an averaged model. */
export interface AverageScore {
  /** `avg-8` for the file `avg-8.log`. */
  readonly name: string;
  /** The update of the newest model in the average. */
  readonly step: number;
  readonly bleu: number;
}

/** The scores in the files `avg-*.log` next to a log, whose lines are `avg-8-15000 27.5`; none if there are no such files. */
export async function averageScores(log: string): Promise<AverageScore[]> {
  const folder = dirname(log);
  const files = await readdir(folder).catch(() => []);
  const scores: AverageScore[] = [];
  for (const file of files.filter((one) => /^avg-.*\.log$/.test(one)).sort()) {
    const text = await readFile(join(folder, file), "utf8").catch(() => "");
    let last = -1;
    for (const line of text.split("\n")) {
      const [label = "", score = ""] = line.trim().split(/\s+/);
      const [, , digits = ""] = label.split("-");
      const [step, bleu] = [Number(digits), Number(score)];
      if (!/^\d+$/.test(digits) || score === "" || !Number.isFinite(bleu) || step <= last) continue;
      scores.push({ name: file.slice(0, -".log".length), step, bleu });
      last = step;
    }
  }
  return scores;
}
