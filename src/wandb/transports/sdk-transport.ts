/** A run that goes to the server by npm's `@wandb/sdk`. docs/wandb-clients.md says what that loses. */

import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { Worker } from "node:worker_threads";
import type { Budget } from "../../http/index.js";
import { say } from "../../io/terminal.js";
import { undelivered, WandbError } from "../client/errors.js";

import { type JsonObject, type JsonValue, stringifyJson } from "../client/format/json.js";
import { checkProject, checkRunId, runUrl } from "../client/format/names.js";
import type { WandbSettings } from "../client/settings.js";
import type { RunLine } from "../client/wandb-run.js";
import { SDK_WORKER, type SdkOrder, type SdkReport, type SdkTask } from "./sdk-worker.js";
import type { RunDescription, RunOutcome, RunWriter, Transport } from "./transport.js";

/** How a run is published by the SDK. */
interface SdkOptions {
  readonly settings: WandbSettings;
  /** How long to wait without any progress. The SDK itself pauses for up to 30 s. */
  readonly budget: Budget;
  /** Name of the package; another one only in tests. */
  readonly sdk?: string | undefined;
  /** Takes what the SDK prints. Default: standard error. */
  readonly print?: ((line: string) => void) | undefined;
}

/** At its end the SDK sends 10,000 rows and forgets the others, so that no more than this may wait in it. */
const WAITING_ROWS = 5000;
/** What setTimeout takes. */
const LONGEST_WAIT = 2 ** 31 - 1;
const HOW_TO_INSTALL =
  "--wandb-client sdk needs the package @wandb/sdk: npm install @wandb/sdk@0.5.1 graphql@16 (or leave the option out)";

/** Publishes a run by the SDK. Its rows replace those of a run of the same id from the first on. */
export class SdkTransport implements Transport, RunWriter {
  readonly kind = "sdk";
  readonly run = this;
  readonly #description: RunDescription;
  readonly #settings: WandbSettings;
  readonly #thread: SdkThread;
  readonly #entity: string;
  /** What was asked for and is not published. */
  readonly #missing = new Set<string>();
  #lines = 0;
  #notFinite = 0;

  private constructor(
    description: RunDescription,
    settings: WandbSettings,
    thread: SdkThread,
    entity: string,
  ) {
    this.#description = description;
    this.#settings = settings;
    this.#thread = thread;
    this.#entity = entity;
    if (description.group !== undefined) this.#missing.add(`the group ${description.group}`);
    if (description.notes !== undefined) this.#missing.add("the notes");
    if (description.jobType !== undefined) this.#missing.add(`the job type ${description.jobType}`);
    if (description.tags.length > 0) this.#missing.add(`the tags ${description.tags.join(", ")}`);
  }

  /** @throws WandbError with a sentence for the user; its code is `undelivered` if the server can't be reached. */
  static async start(description: RunDescription, options: SdkOptions): Promise<SdkTransport> {
    const { settings, budget, sdk = "@wandb/sdk", print = printOnStandardError } = options;
    const { id, project, entity, config } = description;
    checkRunId(id);
    checkProject(project);
    const { apiKey, baseUrl } = settings;
    if (apiKey === undefined) throw new WandbError("no-key", "no W&B API key was found: set WANDB_API_KEY");
    const task: SdkTask = {
      sdk: pathOf(sdk),
      init: {
        id,
        name: id,
        project,
        ...(entity === undefined ? {} : { entity }),
        // The SDK sends the configuration as it gets it; W&B keeps each value wrapped.
        config: Object.fromEntries(
          Object.entries(config).map(([key, value]): [string, JsonValue] => [key, { value: value ?? null }]),
        ),
        // All of them, so that the SDK looks neither at the environment nor at ~/.netrc.
        settings: { apiKey: keyOf(apiKey.authorization()), baseUrl, offline: false, silent: true },
      },
    };
    const thread = new SdkThread(task, budget, (line) => print(apiKey.secrets.redact(line)));
    const problem = await thread.started(id).then(
      () => undefined,
      (error: unknown) => error,
    );
    if (problem === undefined) return new SdkTransport(description, settings, thread, thread.entity);
    await thread.end();
    throw problem;
  }

  async history(...[values, { step }, tables = []]: Parameters<RunWriter["history"]>): Promise<void> {
    for (const { name, chart } of tables)
      this.#missing.add(chart === undefined ? `the table ${name}` : `the table and bar chart ${name}`);
    if (Object.keys(values).length === 0) return;
    for (const value of Object.values(values))
      if (typeof value === "number" && !Number.isFinite(value)) this.#notFinite += 1;
    await this.#thread.row(values, step);
  }

  /** The SDK has no such means. What comes here is of use for our own client only. */
  summary(): void {}

  async console(lines: readonly RunLine[]): Promise<void> {
    this.#lines += lines.length;
  }

  updateConfig(...[values]: Parameters<RunWriter["updateConfig"]>): void {
    const { config } = this.#description;
    const known = (key: string) => stringifyJson((config as JsonObject)[key] ?? null);
    if (Object.entries(values).some(([key, value]) => stringifyJson(value ?? null) !== known(key)))
      this.#missing.add("what became known of the configuration after the start");
  }

  async directoryArtifact(name: string): Promise<void> {
    this.#missing.add(`the artifact ${name}`);
  }

  /**
   * `complete` speaks of the rows and the end of the run. What the SDK has no means for is in the problems: whoever
   * chooses the SDK chooses to go without.
   */
  async finish(exitCode: number | null): Promise<RunOutcome> {
    const thread = this.#thread;
    await (exitCode === null ? thread.leave() : thread.finish(exitCode));
    const lost = thread.rows.given - thread.rows.acknowledged;
    const { id, project } = this.#description;
    return {
      url: runUrl(this.#settings.uiUrl, this.#entity, project, id),
      rows: { sent: thread.rows.sent, acknowledged: thread.rows.acknowledged, spooled: 0 },
      problems: [
        ...(lost === 0
          ? []
          : [
              `${lost === 1 ? "1 row is" : `${lost} rows are`} lost: @wandb/sdk does not repeat what was not taken`,
            ]),
        ...(thread.rows.given === 0 ? [] : [ACKNOWLEDGED]),
        ...thread.faults,
        ...this.#notPublished(),
      ],
      requests: thread.requests,
      complete: lost === 0 && (exitCode === null || thread.ended),
    };
  }

  #notPublished(): string[] {
    const missing = [...this.#missing];
    if (this.#thread.rows.given > 0)
      missing.push("the times of the log (the rows have the time of the upload)");
    if (this.#notFinite > 0)
      missing.push(`${this.#notFinite} values that are NaN or infinite (they became null)`);
    if (this.#lines > 0) missing.push(`the console log (${this.#lines} lines)`);
    return missing.map((what) => `@wandb/sdk does not publish ${what}`);
  }
}

/** What an acknowledgement is worth here. */
const ACKNOWLEDGED =
  "@wandb/sdk does not say what arrived: a row counts as acknowledged where the server answered its request with success";

/** The SDK in its thread, and what was seen of its requests. */
class SdkThread {
  readonly rows = { given: 0, sent: 0, acknowledged: 0 };
  /** What is wrong. */
  readonly faults: string[] = [];
  requests = 0;
  /** Requests that have no answer yet. */
  #open = 0;
  /** Entity of the run as the SDK has it. */
  entity = "";
  /** Whether the server knows that the run has ended. */
  ended = false;
  readonly #worker: Worker;
  readonly #budget: Budget;
  readonly #unwatch: () => void;
  readonly #printed: Promise<unknown>;
  #state: "starting" | "running" | "finished" | "broken" = "starting";
  /** Fault of the last answer. */
  #fault: string | number | undefined;
  #breakage: { readonly code: string | undefined; readonly message: string } | undefined;
  #wake: (() => void) | undefined;

  constructor(task: SdkTask, budget: Budget, print: (line: string) => void) {
    this.#budget = budget;
    // The wait starts again, with the budget of that moment.
    this.#unwatch = budget.watch(() => this.#wake?.());
    // Without the environment of the program: WANDB_WORKER, for instance, makes the SDK fail.
    this.#worker = new Worker(SDK_WORKER, {
      eval: true,
      workerData: task,
      env: {},
      execArgv: [],
      stdout: true,
      stderr: true,
    });
    this.#printed = Promise.all([lines(this.#worker.stdout, print), lines(this.#worker.stderr, print)]);
    this.#worker.on("message", (report: SdkReport) => this.#take(report));
    this.#worker.on("error", ({ code, message }: NodeJS.ErrnoException) => this.#break(message, code));
  }

  /** Settles when the run is there. */
  async started(id: string): Promise<void> {
    const answered = await this.#until(() => this.#state !== "starting" || this.#fault !== undefined);
    if (this.#state === "running") return;
    // Only then all that the thread told has been heard.
    await this.end();
    if (this.#breakage?.code === "MODULE_NOT_FOUND") throw new WandbError("refused", HOW_TO_INSTALL);
    const what = `the start of the run ${id} by @wandb/sdk`;
    const fault = this.#fault;
    if (!answered) throw undelivered(what, "no answer", this.#budget.milliseconds);
    if (fault === undefined) throw new WandbError("graphql", `${what} failed: ${this.#breakage?.message}`);
    if (typeof fault === "string") throw undelivered(what, fault, 0);
    if (fault === 408 || fault === 429 || (fault >= 500 && fault !== 501))
      throw undelivered(what, `HTTP ${fault}`, 0);
    if (fault === 401)
      throw new WandbError("key-refused", `${what} was refused: the W&B API key is not one of this server`);
    if (fault === 409)
      throw new WandbError(
        "deleted-run",
        `the run ${id} was deleted, and W&B never gives such an id again: use another name for the run`,
      );
    throw new WandbError("http", `${what} was refused: HTTP ${fault}`, fault);
  }

  /** Gives a row to the SDK; settles when there is room for more. */
  async row(values: JsonObject, step: number): Promise<void> {
    this.rows.given += 1;
    this.#order({ kind: "row", values, step });
    if (this.#waiting() < WAITING_ROWS) return;
    if (!(await this.#until(() => this.#state !== "running" || this.#waiting() < WAITING_ROWS)))
      this.#break("it does not send its rows");
  }

  /** Ends the run and the thread. */
  async finish(exitCode: number): Promise<void> {
    this.#order({ kind: "finish", exitCode });
    if (!(await this.#until(() => this.#state !== "running"))) this.#break("it does not come to its end");
    await this.end();
  }

  /** Ends the thread when its rows have gone, without an end of the run. */
  async leave(): Promise<void> {
    if (!(await this.#until(() => this.#state !== "running" || (this.#waiting() === 0 && this.#open === 0))))
      this.#break("it does not send its rows");
    await this.end();
  }

  /** Ends the thread. */
  async end(): Promise<void> {
    this.#unwatch();
    await this.#worker.terminate();
    await this.#printed;
  }

  #waiting(): number {
    return this.rows.given - this.rows.sent;
  }

  #order(order: SdkOrder): void {
    if (this.#state === "running") this.#worker.postMessage(order);
  }

  #take(report: SdkReport): void {
    switch (report.kind) {
      case "started":
        this.entity = report.entity;
        this.#state = "running";
        break;
      case "request":
        this.requests += 1;
        this.#open += 1;
        this.rows.sent += report.rows;
        break;
      case "answer":
        this.#open -= 1;
        this.#answer(report);
        break;
      case "finished":
        this.#state = "finished";
        break;
      case "failed":
        this.#break(report.message, report.code);
    }
    this.#wake?.();
  }

  #answer({ fault, stream, rows, end }: Extract<SdkReport, { kind: "answer" }>): void {
    if (fault === undefined) {
      this.rows.acknowledged += rows;
      if (end) this.ended = true;
      return;
    }
    this.#fault = fault;
    if (!stream) return;
    const what = end ? "the end of the run" : `a request with ${rows === 1 ? "1 row" : `${rows} rows`}`;
    this.faults.push(`${what} was not taken: ${typeof fault === "number" ? `HTTP ${fault}` : fault}`);
  }

  #break(message: string, code?: string): void {
    if (this.#state === "running") this.faults.push(`@wandb/sdk failed: ${message}`);
    this.#breakage ??= { code, message };
    this.#state = "broken";
    this.#wake?.();
  }

  /** Waits until something is the case; false when nothing was heard of the SDK for too long. */
  async #until(holds: () => boolean): Promise<boolean> {
    while (!holds()) {
      let timer: NodeJS.Timeout | undefined;
      const heard = await new Promise<boolean>((resolve) => {
        this.#wake = () => resolve(true);
        timer = setTimeout(() => resolve(false), Math.min(this.#budget.left, LONGEST_WAIT));
      });
      clearTimeout(timer);
      this.#wake = undefined;
      if (!heard) return false;
    }
    return true;
  }
}

/** @throws WandbError that says how to install what is absent. */
function pathOf(sdk: string): string {
  try {
    return createRequire(import.meta.url).resolve(sdk);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "MODULE_NOT_FOUND") throw error;
    throw new WandbError("refused", HOW_TO_INSTALL);
  }
}

/** The key itself, which the SDK wants; an ApiKey gives it only within a header. */
function keyOf(authorization: string): string {
  const login = Buffer.from(authorization.replace(/^Basic /, ""), "base64").toString();
  return login.slice(login.indexOf(":") + 1);
}

/** Whole lines, because a key that is cut in two would not be found. Settles at the end of the stream. */
async function lines(stream: Readable, print: (line: string) => void): Promise<void> {
  for await (const line of createInterface({ input: stream })) print(line);
}

function printOnStandardError(line: string): void {
  say(`@wandb/sdk: ${line}`);
}
