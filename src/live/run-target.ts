/** Where the run of a task goes: what the flags, the environment and the task say. */
import { runNameOf } from "../evaluation/naming/run-name.js";
import { secretToken, TaskclusterError } from "../taskcluster/client/index.js";
import {
  ApiKey,
  checkRunId,
  isKeyError,
  messageOf,
  modeOfClient,
  openClient,
  PublicApi,
  placeOf,
  readKeyFile,
  resolveSettings,
  type WandbClient,
  type WandbPlace,
  type WandbSettings,
} from "../wandb/index.js";
import { deadline } from "./pipe-signals.js";
import { type Environment, readTaskContext, type TaskContext, taskQueue } from "./task-context.js";

/** What the user asks for. Names of the task stand over those of the flags. */
export interface TargetRequest {
  readonly project: string | undefined;
  readonly group: string | undefined;
  /** Id and name of the run. */
  readonly run: string | undefined;
  /** The model, if it is not the one of the task's label. */
  readonly model?: string;
  /** Absent: those of the environment. */
  readonly tags: readonly string[] | undefined;
  /** The secret with the key. */
  readonly secret: string | undefined;
  readonly client: string | undefined;
  /** A file with the key. */
  readonly keyFile?: string | undefined;
  /** Milliseconds without progress after which rows go to the offline file; absent: the publisher's own. */
  readonly retryMs?: number | undefined;
  /** Milliseconds in which the task's proxy and the server are to say who is there; a minute if absent. */
  readonly askingMs?: number;
  /** The log; `-` is standard input. */
  readonly source: string;
}

/** How a target is looked for. */
export interface TargetOptions {
  readonly environment: Environment;
  /** Asks for an orderly end; publishing then hurries. */
  readonly stop: AbortSignal;
  /** Takes what deserves a word at once. */
  readonly warn: (text: string) => void;
}

/** Where a run goes. */
export interface RunTarget {
  readonly place: WandbPlace;
  /** Id and name of the run. */
  readonly id: string;
  /** The task and its group; absent outside a task. */
  readonly task?: TaskContext;
  /** What the ids of the group's runs end with; absent outside a task. */
  readonly suffix?: string;
  /** Ends the connections. */
  close(): Promise<void>;
}

const ASKING = 60_000;
const ASKING_SERVER = 15_000;
/** Milliseconds that the questions still have when the command is to end. */
const LAST_ANSWERS = 2_000;

/**
 * Finds out where the run goes. Undefined, after a warning, if that can't be known or nothing is to be published:
 * nothing of Weights & Biases or Taskcluster may end a training.
 */
export async function findTarget(
  wanted: TargetRequest,
  options: TargetOptions,
): Promise<RunTarget | undefined> {
  try {
    return await new TargetSearch(wanted, options).find();
  } catch (error) {
    options.warn(`nothing is published to Weights & Biases: ${messageOf(error)}`);
    return undefined;
  }
}

class TargetSearch {
  readonly #wanted: TargetRequest;
  readonly #options: TargetOptions;
  readonly #asking: AbortSignal;

  constructor(wanted: TargetRequest, options: TargetOptions) {
    this.#wanted = wanted;
    this.#options = options;
    this.#asking = deadline(wanted.askingMs ?? ASKING, options.stop, LAST_ANSWERS);
  }

  async find(): Promise<RunTarget | undefined> {
    const { wanted, options } = { wanted: this.#wanted, options: this.#options };
    // A bad key must not keep the names from being found, so it is looked at last.
    const settings = resolveSettings(
      { mode: modeOfClient(wanted.client) },
      { ...options.environment, WANDB_API_KEY: undefined },
    );
    if (settings.mode === "disabled") return undefined;
    const task = await this.#task();
    for (const note of task?.notes ?? []) options.warn(note);
    const project = task?.experiment.project ?? wanted.project;
    if (project === undefined) {
      options.warn(
        "nothing is published to Weights & Biases: no project is named, by --wandb-project or by the task",
      );
      return undefined;
    }
    const { client, offlineReason } = await this.#client(settings);
    if (offlineReason !== undefined)
      options.warn(
        `${offlineReason.replace(/\.$/, "")}; rows go to the offline file, to be uploaded later with marian-tracking sync`,
      );
    const group = task?.experiment.name ?? wanted.group;
    const suffix = await this.#suffix(task, client);
    const id =
      task === undefined
        ? (wanted.run ?? runNameOf(wanted.source, process.cwd()))
        : this.#model(task) + suffix;
    checkRunId(id);
    const author = options.environment["WANDB_AUTHOR"];
    const tags = [
      ...(task === undefined ? [] : ["taskcluster"]),
      ...(author ? [`author:${author}`] : []),
      ...(wanted.tags ?? settings.tags ?? []),
    ];
    return {
      place: {
        ...placeOf(settings),
        project,
        ...(group === undefined ? {} : { group }),
        tags: [...new Set(tags)],
        ...(client === undefined ? {} : { client }),
        ...(offlineReason === undefined ? {} : { offlineReason }),
        transport: wanted.client === "sdk" ? "sdk" : "native",
        ...(wanted.retryMs === undefined ? {} : { budget: wanted.retryMs }),
        stop: options.stop,
      },
      id,
      ...(task === undefined ? {} : { task, suffix }),
      close: async () => {
        await client?.close();
      },
    };
  }

  /** The task's names. Without a secret those of the flags stand over them. */
  async #task(): Promise<TaskContext | undefined> {
    const { environment, warn } = this.#options;
    if (this.#wanted.secret === undefined && this.#wanted.project !== undefined) return undefined;
    let queue: ReturnType<typeof taskQueue>;
    try {
      queue = taskQueue(environment, this.#asking);
      return queue === undefined ? undefined : await readTaskContext(queue, environment);
    } catch (error) {
      if (!(error instanceof TaskclusterError)) throw error;
      warn(`the names of the run are not those of the task: ${error.message}`);
      return undefined;
    } finally {
      await queue?.close();
    }
  }

  #model(task: TaskContext): string {
    return this.#wanted.model ?? task.model;
  }

  /** A client whose key the server knows, or why it is missing. */
  async #client(settings: WandbSettings): Promise<{ client?: WandbClient; offlineReason?: string }> {
    if (settings.mode === "offline") return {};
    const { key, offlineReason } = await this.#key(settings);
    if (key === undefined && offlineReason !== undefined) return { offlineReason };
    const client = openClient(key === undefined ? settings : { ...settings, apiKey: key });
    try {
      await client.viewer(client.scope(ASKING_SERVER, this.#asking));
      return { client };
    } catch (error) {
      // Whatever else is wrong with the server may pass while the training runs.
      if (!isKeyError(error)) return { client };
      await client.close();
      return { offlineReason: error.message };
    }
  }

  /** The key of the file named, else of the environment, else that of the secret, else what the machine has. */
  async #key(settings: WandbSettings): Promise<{ key?: ApiKey; offlineReason?: string }> {
    const { environment, warn } = this.#options;
    const given = environment["WANDB_API_KEY"]?.trim();
    const { secret, keyFile } = this.#wanted;
    // Outside a task nobody can be asked for it.
    const inTask =
      environment["TASKCLUSTER_PROXY_URL"] !== undefined && environment["TASKCLUSTER_PROXY_URL"] !== "";
    try {
      if (keyFile !== undefined) return { key: readKeyFile(keyFile) };
      if (given) return { key: new ApiKey(given, "WANDB_API_KEY") };
      if (secret === undefined || !inTask) return {};
      const token = await secretToken(secret, {
        environment,
        userAgent: "marian-tracking",
        signal: this.#asking,
      });
      return { key: new ApiKey(token, `the secret ${secret}`) };
    } catch (error) {
      if (!(error instanceof TaskclusterError) && !isKeyError(error)) throw error;
      if (settings.apiKey === undefined) return { offlineReason: error.message };
      warn(error.message);
      return { key: settings.apiKey };
    }
  }

  /** What the run's id ends with: where another group has that id, the whole id of the group. */
  async #suffix(task: TaskContext | undefined, client: WandbClient | undefined): Promise<string> {
    if (task === undefined) return "";
    const { groupId, name: group, project, suffix } = task.experiment;
    const model = this.#model(task);
    if (client === undefined) return suffix;
    try {
      const api = new PublicApi(client, client.scope(ASKING_SERVER, this.#asking));
      const taken = await api.run({
        project,
        ...(client.settings.entity === undefined ? {} : { entity: client.settings.entity }),
        runId: model + suffix,
      });
      if (taken?.group === undefined || taken.group === group) return suffix;
      const whole = `_${groupId}`;
      this.#options.warn(
        `the run ${model}${suffix} belongs to the group ${taken.group}: this one is ${model}${whole}`,
      );
      return whole;
    } catch {
      return suffix;
    }
  }
}
