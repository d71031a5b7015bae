import { spawn } from "node:child_process";
import { join } from "node:path";
import { parseLine, type StandInServer } from "../servers/wandb/index.js";
import { findWandbVenv, wandbEnvironment } from "../wandb/offline/wandb-venv.js";

const SCRIPT = join(import.meta.dirname, "official.py");

/** A job of official.py; `do` names it. */
export type OfficialJob = Readonly<Record<string, unknown>> & { readonly do: string };

/** What `read` gives: everything that wandb.Api says of a run. */
export interface OfficialRun {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly group: string | null;
  readonly job_type: string | null;
  readonly notes: string | null;
  readonly tags: readonly string[];
  readonly config: Readonly<Record<string, unknown>>;
  readonly rawconfig: { readonly _wandb: Readonly<Record<string, unknown>> };
  readonly summary: Readonly<Record<string, unknown>>;
  readonly scan: readonly Readonly<Record<string, unknown>>[];
  readonly history: readonly Readonly<Record<string, unknown>>[];
  readonly system: readonly Readonly<Record<string, unknown>>[];
  readonly console: readonly (readonly [string, string | null, string])[];
  readonly files: Readonly<Record<string, string>>;
  readonly artifacts: readonly {
    readonly name: string;
    readonly type: string;
    readonly digest: string;
    readonly aliases: readonly string[];
    readonly files: Readonly<Record<string, string>>;
  }[];
}

/** What `publish` gives: what the official client knew of the run when it started. */
export interface OfficialStart {
  readonly resumed: boolean;
  readonly starting_step: number;
  readonly config: Readonly<Record<string, unknown>>;
  readonly tags: readonly string[];
  readonly summary: Readonly<Record<string, unknown>>;
}

const venv = await findWandbVenv();

/** Whether the official client is there; when it isn't, the reason was printed. */
export const officialClientFound = !("missing" in venv);

// Said aloud: a run of the suite without the judge should not pass for one with it.
if ("missing" in venv) process.stderr.write(`skipped: ${venv.missing}\n`);

/** Lets the official client do some jobs against a server, in one process. Its own files go into `home`. */
export async function official(
  server: StandInServer,
  home: string,
  jobs: readonly OfficialJob[],
): Promise<unknown[]> {
  if ("missing" in venv) throw new Error(venv.missing);
  const child = spawn(venv.python, [SCRIPT], {
    cwd: home,
    env: {
      ...wandbEnvironment(home),
      WANDB_BASE_URL: server.url,
      WANDB_API_KEY: server.apiKey,
      WANDB_DIR: home,
      WANDB_SILENT: "true",
    },
    stdio: ["pipe", "pipe", "pipe"],
  });
  const output: Buffer[] = [];
  const complaints: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => output.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => complaints.push(chunk));
  child.stdin.end(JSON.stringify(jobs));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  if (code !== 0) throw new Error(`official.py ended with ${code}:\n${Buffer.concat(complaints).toString()}`);
  return parseLine(Buffer.concat(output).toString()) as unknown[];
}
