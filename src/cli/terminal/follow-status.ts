/** How the trainings are doing whose logs are followed, in a line or two each. */
import { stat } from "node:fs/promises";
import { formatSeconds } from "../../check/format.js";
import type { TrainingSummary } from "../../check/training-summary.js";
import { hasZone, instant } from "../../core/timestamp.js";
import { escapeLine } from "../../io/escape.js";
import type { PublisherOpener } from "../../pipeline/parse-logs.js";
import type { OpenedRun, UpdatePublisher } from "../../publishers/update-publisher.js";
import { markOf } from "../../run/log-mark.js";
import type { RunUpdate } from "../../run/run-reader.js";
import { grouped } from "../receipts/numbers.js";
import type { TerminalSize } from "./live-lines.js";
import { labelOf } from "./plot.js";

/** Milliseconds for which a part of the logs is shown, where there are more than lines. */
const PAGE = 3000;
/** A summary of a long log takes its time: it is made again after so many times that. */
const REST = 20;

/** Gathers what the lines say. */
export class FollowStatus {
  readonly #logs: LogStatus[] = [];

  /** Makes the publisher of each log. */
  readonly opener: PublisherOpener = (log) => this.publisher(labelOf(log), log.name);

  /**
   * Takes the run of a log.
   *
   * @param name What the line calls it.
   * @param path The file that grows; absent if it is none.
   */
  publisher(name: string, path?: string): UpdatePublisher {
    const log = new LogStatus(escapeLine(name), path);
    this.#logs.push(log);
    return log;
  }

  /** The lines, for the room that there is. */
  lines({ columns, rows }: TerminalSize): readonly string[] {
    const now = Date.now();
    const width = columns - 1;
    const logs = this.#logs;
    if (2 * logs.length <= rows) return logs.flatMap((log) => wrapped(log.words(now), width));
    if (logs.length <= rows) return logs.map((log) => shortened(log.words(now), width));
    // One line says which of them are shown.
    const shown = Math.max(1, rows - 1);
    const pages = Math.ceil(logs.length / shown);
    const from = (Math.floor(now / PAGE) % pages) * shown;
    const page = logs.slice(from, from + shown);
    const which = `logs ${from + 1} to ${from + page.length} of ${logs.length}`;
    return [...page.map((log) => shortened(log.words(now), width)), which].slice(0, Math.max(1, rows));
  }
}

/** What is said of one log: its name, then what matters most. */
interface Words {
  readonly name: string;
  readonly facts: readonly string[];
}

/** Follows one log. */
class LogStatus implements UpdatePublisher {
  readonly name = "status";
  readonly #name: string;
  readonly #path: string | undefined;
  #run: OpenedRun | undefined;
  #summary: TrainingSummary | undefined;
  /** Whether the summary is older than the last update, and when it is made again. */
  #isOld = false;
  #next = 0;
  /** When the last record came: milliseconds since 1970. */
  #came: number | undefined;
  #lastLine = 0;
  /** What has happened since the last record. */
  #state: string | undefined;

  constructor(name: string, path: string | undefined) {
    this.#name = name;
    this.#path = path;
  }

  open(run: OpenedRun): void {
    this.#run = run;
  }

  async publish({ batch }: RunUpdate): Promise<void> {
    const { training, validation, events } = batch;
    if (training.length + validation.length > 0) {
      const lines = [training.line[training.length - 1] ?? 0, validation.line[validation.length - 1] ?? 0];
      this.#lastLine = Math.max(...lines);
      this.#state = undefined;
      this.#isOld = true;
      this.#came = await this.#written();
    }
    for (const event of events) {
      const mark = markOf(event);
      if (mark === undefined || mark.line < this.#lastLine) continue;
      if (mark.kind === "finished") this.#state = "finished";
      if (mark.kind === "error" || mark.kind === "death") this.#state ??= "failed";
      if (mark.kind === "started") this.#state = undefined;
    }
  }

  async close() {
    this.#state ??= "no longer followed";
    return { outputs: [] };
  }

  async discard(): Promise<void> {
    await this.close();
  }

  /** @param now Milliseconds since 1970. */
  words(now: number): Words {
    this.#renew();
    const state = this.#state === undefined ? [] : [this.#state];
    if (this.#summary === undefined) return { name: this.#name, facts: [...state, "no record yet"] };
    const { update = 0, cost, metrics, stall, rate, ended } = this.#summary;
    const metric = metrics.find(({ name }) => name === stall?.metric) ?? metrics[0];
    const printed = ended !== undefined && hasZone(ended) ? instant(ended) : undefined;
    const seconds = Math.max(0, now - (printed ?? this.#came ?? now)) / 1000;
    return {
      name: this.#name,
      facts: [
        ...state,
        `update ${grouped(update)}`,
        ...(cost === undefined ? [] : [`cost ${cost}`]),
        `${formatSeconds(seconds)} ago`,
        ...(metric === undefined ? [] : [bestText(metric)]),
        ...(stall === undefined ? [] : [stallText(stall)]),
        ...(rate === undefined ? [] : [`${grouped(Math.round(rate))} words/s`]),
      ],
    };
  }

  #renew(): void {
    const started = performance.now();
    if (!this.#isOld || started < this.#next) return;
    this.#isOld = false;
    this.#summary = this.#run?.summary();
    const ended = performance.now();
    this.#next = ended + REST * (ended - started);
  }

  /** When the log was written last, as far as it was read; a log that is old when it is read first is old. */
  async #written(): Promise<number> {
    const now = Date.now();
    if (this.#path === undefined) return now;
    return stat(this.#path).then(
      ({ mtimeMs }) => Math.min(mtimeMs, now),
      () => now,
    );
  }
}

function bestText({ name, best, last }: TrainingSummary["metrics"][number]): string {
  const metric = escapeLine(name);
  if (best === undefined) return `${metric} ${last.value}`;
  return `best ${metric} ${best.value}${best.up === undefined ? "" : ` @ ${grouped(best.up)}`}`;
}

function stallText({ stalled, limit }: NonNullable<TrainingSummary["stall"]>): string {
  return `stalled ${stalled}${limit === undefined ? "" : ` of ${limit}`}`;
}

/** All facts, in as many lines as they need. */
function wrapped({ name, facts }: Words, width: number): string[] {
  const lines = [`${name}:`];
  for (const [index, fact] of facts.entries()) {
    const text = index === facts.length - 1 ? ` ${fact}` : ` ${fact},`;
    const line = lines.at(-1) ?? "";
    if (line.length + text.length > width && index > 0) lines.push(` ${text}`);
    else lines[lines.length - 1] = line + text;
  }
  return lines;
}

/** The facts that fit into one line. */
function shortened({ name, facts }: Words, width: number): string {
  let line = `${name}: ${facts[0] ?? ""}`;
  for (const fact of facts.slice(1)) {
    if (line.length + fact.length + 2 > width) break;
    line += `, ${fact}`;
  }
  return line;
}
