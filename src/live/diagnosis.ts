/** What a training's publication depends on, looked at before the training starts. */
import { execFile } from "node:child_process";
import { access, constants, mkdtemp, rm } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { promisify } from "node:util";
import { artifactFolder } from "../io/artifact-folder.js";
import { nodeCore } from "../node-core.js";
import { secretToken } from "../taskcluster/client/index.js";
import { messageOf, modeOfClient, openClient, resolveSettings, type WandbSettings } from "../wandb/index.js";
import { findTarget, type TargetRequest } from "./run-target.js";
import { type Environment, readTaskOrigin, taskQueue } from "./task-context.js";

const run = promisify(execFile);

/** One thing that was looked at. */
export interface Finding {
  readonly about: string;
  /** A failure keeps something from being published; a warning does not. */
  readonly state: "ok" | "warning" | "failure";
  readonly text: string;
}

/** What the diagnosis is about. */
export interface DiagnosisRequest extends TargetRequest {
  readonly environment: Environment;
  /** Folder of the results. */
  readonly folder: string;
  /** Whether the user agrees to publishing. */
  readonly consent: boolean;
}

const MIN_NODE = [20, 19] as const;
const PATIENCE = 15_000;

/** Looks at everything, one thing after the other. Changes nothing, and prints no secret. */
export async function* diagnose(wanted: DiagnosisRequest): AsyncGenerator<Finding> {
  const { environment, secret } = wanted;
  yield node();
  yield await finding("core", async () => {
    nodeCore().create().free();
    return "the parser works";
  });
  yield await finding("results", () => writable(wanted.folder));
  yield consent(wanted);
  yield* await task(environment);
  const signal = AbortSignal.timeout(PATIENCE);
  let settings: WandbSettings | undefined;
  yield await finding("settings", async () => {
    settings = resolveSettings(
      { mode: modeOfClient(wanted.client), apiKeyFile: wanted.keyFile },
      environment,
    );
    const proxy = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"].find(
      (name) => environment[name],
    );
    return `server ${settings.baseUrl}, mode ${settings.mode}${proxy === undefined ? "" : `, through the proxy of ${proxy}`}`;
  });
  if (settings !== undefined) yield await offlineFiles(settings, environment);
  if (secret !== undefined && wanted.keyFile === undefined && !environment["WANDB_API_KEY"])
    yield await finding("secret", async () => {
      await secretToken(secret, { environment, userAgent: "marian-tracking", signal });
      return `${secret} holds a key`;
    });
  if (settings?.mode === "online" && (settings.apiKey !== undefined || secret === undefined)) {
    const online = settings;
    yield await finding("key", () => viewer(online, signal));
  }
  yield await target(wanted, signal);
  yield await gpus();
}

async function finding(about: string, look: () => Promise<string>): Promise<Finding> {
  try {
    return { about, state: "ok", text: await look() };
  } catch (error) {
    return { about, state: "failure", text: messageOf(error) };
  }
}

function node(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const enough = major > MIN_NODE[0] || (major === MIN_NODE[0] && minor >= MIN_NODE[1]);
  const text = `Node ${process.versions.node}${enough ? "" : `, and ${MIN_NODE.join(".")} is the minimum`}`;
  return { about: "node", state: enough ? "ok" : "failure", text };
}

function consent({ consent: given, environment }: DiagnosisRequest): Finding {
  const set = environment["WANDB_PUBLICATION"];
  const text = given
    ? "publishing is asked for"
    : `parse_tc_logs publishes nothing: ${set === undefined ? "set WANDB_PUBLICATION=true or give --wandb-publication" : `WANDB_PUBLICATION is ${set}`}`;
  return { about: "consent", state: given ? "ok" : "warning", text };
}

/** The nearest folder that is there has to take a new one. */
async function writable(folder: string): Promise<string> {
  const path = resolve(folder);
  for (let at = path; ; at = resolve(at, "..")) {
    const there = await access(at, constants.F_OK).then(
      () => true,
      () => false,
    );
    if (!there && at !== "/") continue;
    const probe = await mkdtemp(join(at, ".marian-tracking-")).catch((error: NodeJS.ErrnoException) => {
      throw new Error(`${path} can't be written (${error.code ?? error.message})`);
    });
    await rm(probe, { recursive: true, force: true });
    return `${path} can be written`;
  }
}

/** Where rows go that the server does not take, and whether they outlive the task. */
async function offlineFiles({ dir }: WandbSettings, environment: Environment): Promise<Finding> {
  const about = "offline";
  const found = await finding(about, () => writable(join(dir, "wandb")));
  if (found.state !== "ok" || !environment["TASK_ID"]) return found;
  const artifacts = artifactFolder(environment);
  if (artifacts === undefined) {
    const text = `${found.text}, and the folder of the task's artifacts is not known: set UPLOAD_DIR, and offline files are kept`;
    return { about, state: "warning", text };
  }
  if (!relative(artifacts, dir).startsWith(".."))
    return { about, state: "ok", text: `${found.text}; it is kept with the task's artifacts` };
  const text = `${found.text}, but is not below ${artifacts}, where the task's artifacts are taken from: WANDB_DIR names it`;
  return { about, state: "warning", text };
}

async function task(environment: Environment): Promise<Finding[]> {
  const about = "task";
  if (!environment["TASK_ID"])
    return [{ about, state: "ok", text: "not in a Taskcluster task: names come from flags" }];
  if (!environment["TASKCLUSTER_PROXY_URL"]) {
    const text = "TASKCLUSTER_PROXY_URL is not set: give the task the feature taskcluster-proxy";
    return [{ about, state: "failure", text }];
  }
  const look = async (): Promise<string> => {
    const queue = taskQueue(environment, AbortSignal.timeout(PATIENCE));
    try {
      if (queue === undefined) return "";
      const { groupId, trial } = await readTaskOrigin(queue, environment);
      const shown = trial ? "of a push: errors of parse_tc_logs are shown by exit code 1" : "of an action";
      return `${environment["TASK_ID"]} in group ${groupId}, ${shown}`;
    } finally {
      await queue?.close();
    }
  };
  return [await finding(about, look)];
}

async function viewer(settings: WandbSettings, signal: AbortSignal): Promise<string> {
  const client = openClient(settings);
  try {
    const { username, entity } = await client.viewer(client.scope(PATIENCE, signal));
    return `${settings.apiKey?.source}: ${username}, entity ${settings.entity ?? entity ?? "unknown (set WANDB_ENTITY)"}`;
  } finally {
    await client.close();
  }
}

async function target(wanted: DiagnosisRequest, stop: AbortSignal): Promise<Finding> {
  const about = "run";
  const warnings: string[] = [];
  const warn = (text: string): void => {
    warnings.push(text);
  };
  const found = await findTarget(wanted, { environment: wanted.environment, stop, warn });
  await found?.close();
  if (found === undefined) {
    const state = wanted.consent ? "failure" : "warning";
    return { about, state, text: warnings.join("; ") || "Weights & Biases is switched off" };
  }
  const { place, id } = found;
  const group = place.group === undefined ? "" : ` in group ${place.group}`;
  const tags = place.tags.length === 0 ? "" : `, tags ${place.tags.join(", ")}`;
  const text = [`would be published as ${place.project}/${id}${group}${tags}`, ...warnings].join("; ");
  return {
    about,
    state: place.offlineReason !== undefined ? "failure" : warnings.length > 0 ? "warning" : "ok",
    text,
  };
}

async function gpus(): Promise<Finding> {
  const about = "gpus";
  try {
    const { stdout } = await run("nvidia-smi", ["--query-gpu=name", "--format=csv,noheader"], {
      timeout: 5000,
    });
    return { about, state: "ok", text: stdout.trim().split("\n").join(", ") };
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
    return {
      about,
      state: missing ? "ok" : "warning",
      text: missing
        ? "no nvidia-smi: charts of GPUs are left out"
        : "nvidia-smi fails: charts of GPUs are left out",
    };
  }
}
