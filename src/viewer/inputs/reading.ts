/** Reads the files that the user opens, one after another, in a worker. */

import { kindOfName } from "../../io/file-name.js";
import type { ReportRun } from "../../report/report-data.js";
import { unpackElement } from "../dom.js";
import type { OpenedFile } from "./opened-files.js";
import { type InputProblem, problemText, type WorkerAnswer, type WorkerRequest } from "./worker-messages.js";

/** Receives what was read. */
export interface ReadingEvents {
  /** @returns Whether it is shown: a log of validations is not if the log of its training holds them all. */
  run(run: ReportRun): boolean;
  problem(source: string, reason: string): void;
  /** The text of an evaluation's scores. */
  evaluation(source: string, text: string): void;
  /** While files are read; `share` of all bytes is from 0 to 1. */
  progress(share: number, text: string): void;
  /** The user stopped the reading before it reached these. */
  unread(files: number): void;
  /** Nothing is left to read. `skipped` are files of folders that are neither a log of Marian's nor an evaluation. */
  end(read: number, skipped: readonly string[]): void;
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
  #skipped: string[] = [];

  constructor(events: ReadingEvents) {
    this.#events = events;
  }

  /** Adds files. Of a folder it reads only files that are named like a log or an evaluation. */
  async read(files: readonly OpenedFile[]): Promise<void> {
    const wanted = ({ path, fromFolder }: OpenedFile) => !fromFolder || kindOfName(path) !== undefined;
    const named = files.filter(wanted);
    this.#skipped.push(...files.filter((file) => !wanted(file)).map(({ path }) => path));
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
    this.#events.end(this.#read, this.#skipped);
    this.#busy = false;
    this.#total = 0;
    this.#done = 0;
    this.#read = 0;
    this.#skipped = [];
  }

  /** Stops the reading. What was read stays, and files that are opened later are read. */
  stop(): void {
    if (!this.#busy) return;
    this.#stopped = true;
    this.#worker?.postMessage({ type: "stop" } satisfies WorkerRequest);
    const unread = this.#queue.splice(0);
    this.#done += unread.reduce((sum, { file }) => sum + file.size, 0);
    if (unread.length > 0) this.#events.unread(unread.length);
  }

  async #readOne(opened: OpenedFile): Promise<void> {
    const { file, path } = opened;
    this.#progress(0, path);
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
    // Only logs need these.
    this.#core ??= await unpackElement("packed-core");
    this.#worker ??= await startWorker();
    const core = this.#core;
    if (core === undefined) throw new Error("this page was built without its parser");
    // The user may have stopped the reading before the worker started.
    if (this.#stopped) return this.#problem(path, { code: "stopped" });
    const answer = await this.#answer({ type: "read", core, file, source: path, fromFolder }, path);
    if (answer.type === "tar") {
      const { members, problem } = answer;
      if (problem !== undefined) this.#problem(path, problem);
      const opened = members.map(({ name, content }): OpenedFile => {
        return { file: new File([content], name), path: `${path}/${name}`, fromFolder: true };
      });
      this.#total += opened.reduce((sum, { file: member }) => sum + member.size, 0);
      this.#queue.unshift(...opened);
      return;
    }
    if (answer.type === "run") {
      if (this.#events.run(answer.run)) this.#read += 1;
      else if (fromFolder) this.#skipped.push(path);
      else this.#events.problem(path, "the log of its training, which is shown, holds all of it");
      // A folder of logs holds many that are not Marian's.
    } else if (fromFolder && answer.problem.code === "no-marian-log") this.#skipped.push(path);
    else this.#problem(path, answer.problem);
  }

  #problem(path: string, problem: InputProblem): void {
    this.#events.problem(path, problemText(problem));
  }

  #answer(request: WorkerRequest, path: string): Promise<Exclude<WorkerAnswer, { type: "progress" }>> {
    const worker = this.#worker;
    return new Promise((resolve, reject) => {
      if (worker === undefined) return reject(new Error("the worker that reads files could not be started"));
      worker.onmessage = ({ data }: MessageEvent<WorkerAnswer>) => {
        if (data.type === "progress") this.#progress(data.bytes, path);
        else resolve(data);
      };
      worker.onerror = ({ message }) => {
        // A worker that failed is not used again.
        worker.terminate();
        this.#worker = undefined;
        reject(new Error(message || "the worker that reads files ended"));
      };
      worker.postMessage(request);
    });
  }

  #progress(bytes: number, path: string): void {
    const share = this.#total === 0 ? 0 : Math.min(1, (this.#done + bytes) / this.#total);
    const more = this.#queue.length;
    this.#events.progress(share, `Reading ${path}${more > 0 ? `, then ${more} more` : ""}`);
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
