/** Reads what the user opens, one file after the other, in a thread of its own. */
import type { ReportRun } from "../../report/report-data.js";
import { kindOfName } from "../../report/run-names.js";
import type { OpenedFile } from "./opened-files.js";
import { unpackElement } from "./packed.js";
import { NO_MEASUREMENT, STOPPED, type WorkerAnswer, type WorkerQuestion } from "./worker-messages.js";

/** Who is told what was read. */
export interface ReadingEvents {
  /** @returns Whether it is shown: a log of validations is not where its training's holds them all. */
  run(run: ReportRun): boolean;
  problem(source: string, reason: string): void;
  /** Text of an evaluation's scores. */
  evaluation(source: string, text: string): void;
  /** While it goes on; `share` of all bytes is from 0 to 1. */
  progress(share: number, text: string): void;
  /** The user stopped the reading before it came to these. */
  unread(files: number): void;
  /** Nothing is left to read. `passedOver` are files of folders that are neither a log of Marian's nor an evaluation. */
  end(read: number, passedOver: readonly string[]): void;
}

export class Reading {
  readonly #events: ReadingEvents;
  readonly #queue: OpenedFile[] = [];
  #core: Uint8Array<ArrayBuffer> | undefined;
  #worker: Worker | undefined;
  #busy = false;
  #stopped = false;
  #total = 0;
  #done = 0;
  #read = 0;
  #passedOver: string[] = [];

  constructor(events: ReadingEvents) {
    this.#events = events;
  }

  /** Adds files to those that are read. Of folders only what is called like a log or an evaluation is looked at. */
  async read(files: readonly OpenedFile[]): Promise<void> {
    const wanted = ({ path, fromFolder }: OpenedFile) => !fromFolder || kindOfName(path) !== undefined;
    const named = files.filter(wanted);
    this.#passedOver.push(...files.filter((file) => !wanted(file)).map(({ path }) => path));
    // The log of a training comes before that of its validations.
    this.#queue.push(...[...named].sort((one, other) => one.path.localeCompare(other.path, "en")));
    this.#total += named.reduce((sum, { file }) => sum + file.size, 0);
    if (this.#busy) return;
    this.#busy = true;
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      this.#stopped = false;
      await this.#readOne(next);
      this.#done += next.file.size;
    }
    this.#events.end(this.#read, this.#passedOver);
    this.#busy = false;
    this.#total = 0;
    this.#done = 0;
    this.#read = 0;
    this.#passedOver = [];
  }

  /** Ends the reading; what was read stays, and what is opened from now on is read. */
  stop(): void {
    if (!this.#busy) return;
    this.#stopped = true;
    this.#worker?.postMessage({ type: "stop" } satisfies WorkerQuestion);
    const left = this.#queue.splice(0);
    this.#done += left.reduce((sum, { file }) => sum + file.size, 0);
    if (left.length > 0) this.#events.unread(left.length);
  }

  async #readOne(opened: OpenedFile): Promise<void> {
    const { file, path } = opened;
    this.#tell(0, path);
    try {
      if (kindOfName(path) === "evaluation") {
        this.#events.evaluation(path, await file.text());
        this.#read += 1;
      } else await this.#readLog(opened);
    } catch (error) {
      this.#events.problem(path, reasonOf(error));
    }
  }

  async #readLog({ file, path, fromFolder }: OpenedFile): Promise<void> {
    // Before the first log comes, nothing of this is needed.
    this.#core ??= await unpackElement("packed-core");
    this.#worker ??= await startWorker();
    const core = this.#core;
    if (core === undefined) throw new Error("this page was built without its parser");
    // It may have been stopped before there was a thread to tell.
    if (this.#stopped) return this.#events.problem(path, STOPPED);
    const answer = await this.#answer({ type: "read", core, file, source: path, fromFolder }, path);
    if (answer.type === "fault") return this.#events.problem(path, answer.reason);
    if (answer.type === "tar") {
      const { members, problem } = answer;
      if (problem !== undefined) this.#events.problem(path, problem);
      const opened = members.map(({ name, content }): OpenedFile => {
        return { file: new File([content], name), path: `${path}/${name}`, fromFolder: true };
      });
      this.#total += opened.reduce((sum, { file: member }) => sum + member.size, 0);
      this.#queue.unshift(...opened);
      return;
    }
    if (answer.run !== undefined) {
      if (this.#events.run(answer.run)) this.#read += 1;
      else if (fromFolder) this.#passedOver.push(path);
      else this.#events.problem(path, "the log of its training, which is shown, holds all of it");
      return;
    }
    // A folder of logs holds many that are not Marian's.
    if (fromFolder && answer.problem === NO_MEASUREMENT) this.#passedOver.push(path);
    else this.#events.problem(path, answer.problem ?? "it could not be read");
  }

  #answer(question: WorkerQuestion, path: string): Promise<Exclude<WorkerAnswer, { type: "progress" }>> {
    const worker = this.#worker;
    return new Promise((resolve, reject) => {
      if (worker === undefined) return reject(new Error("the reading thread could not be started"));
      worker.onmessage = ({ data }: MessageEvent<WorkerAnswer>) => {
        if (data.type === "progress") this.#tell(data.bytes, path);
        else resolve(data);
      };
      worker.onerror = ({ message }) => {
        // A thread that fell over is not used again.
        worker.terminate();
        this.#worker = undefined;
        reject(new Error(message || "the reading thread ended"));
      };
      worker.postMessage(question);
    });
  }

  #tell(bytes: number, path: string): void {
    const share = this.#total === 0 ? 0 : Math.min(1, (this.#done + bytes) / this.#total);
    const left = this.#queue.length;
    this.#events.progress(share, `Reading ${path}${left > 0 ? `, then ${left} more` : ""}`);
  }
}

async function startWorker(): Promise<Worker> {
  const script = await unpackElement("packed-worker");
  if (script === undefined) throw new Error("this page was built without its parser");
  const url = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  return new Worker(url);
}

function reasonOf(error: unknown): string {
  const name = error instanceof DOMException ? error.name : "";
  if (name === "NotFoundError") return "the file is gone";
  if (name === "NotReadableError") return "the file could not be read, or has changed since it was opened";
  return error instanceof Error ? error.message : String(error);
}
