/** Plays one schedule: a training in front of the program, with the servers' stand-ins, and what must hold after it. */
import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { binaryPath, cleanEnvironment, filesBelow } from "../cli/run-binary.js";
import { trainingLog } from "../live/training-log.js";
import { ownGroup, TaskclusterStandIn } from "../servers/taskcluster/index.js";
import { StandInServer } from "../servers/wandb/index.js";
import { rowsOf, type Said, said } from "./log-rows.js";
import type { Schedule } from "./schedule.js";

const TASK = "BWttdfxdQ3aBIFP29lDaAg";
const SECRET = "project/translations/level-1/weights-and-biases";
const WRONG_KEY = "x".repeat(40);
const TIME_LIMIT = 150_000;

/** What came of a run. */
interface Played {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly echo: Buffer;
  readonly stderr: string;
  /** What the training noticed. */
  readonly upstream: string | undefined;
}

/** Plays a schedule; returns what was not as it has to be, in words. */
export async function play(schedule: Schedule): Promise<string[]> {
  const stage = await Stage.open(schedule);
  try {
    return await stage.play();
  } finally {
    await stage.close();
  }
}

class Stage {
  readonly #schedule: Schedule;
  readonly #wandb: StandInServer;
  readonly #taskcluster: TaskclusterStandIn;
  /** The same without faults, for the next run. */
  readonly #mended: TaskclusterStandIn;
  readonly #folder = mkdtempSync(join(tmpdir(), "chaos-"));
  readonly #wrong: string[] = [];

  private constructor(
    schedule: Schedule,
    wandb: StandInServer,
    taskcluster: TaskclusterStandIn,
    mended: TaskclusterStandIn,
  ) {
    this.#schedule = schedule;
    this.#wandb = wandb;
    this.#taskcluster = taskcluster;
    this.#mended = mended;
  }

  static async open(schedule: Schedule): Promise<Stage> {
    const wandb = await StandInServer.start();
    const group = ownGroup("fjord");
    if (schedule.place === "push" && group.action !== undefined)
      Object.assign(group.action, { extra: { tasks_for: "github-push" } });
    const token = schedule.wandb === "key" ? WRONG_KEY : wandb.apiKey;
    const taskcluster = await TaskclusterStandIn.start({
      groups: [group],
      secrets: schedule.proxy === "secret" ? {} : { [SECRET]: { token } },
    });
    const mended = await TaskclusterStandIn.start({
      groups: [group],
      secrets: { [SECRET]: { token: wandb.apiKey } },
    });
    return new Stage(schedule, wandb, taskcluster, mended);
  }

  async close(): Promise<void> {
    await this.#wandb.close();
    await this.#taskcluster.close();
    await this.#mended.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async play(): Promise<string[]> {
    const { updates, noise, seed, process: processFault, stopAfter, disk, proxy } = this.#schedule;
    const log = trainingLog(seed, { updates, noise });
    const stops = processFault === "SIGTERM" || processFault === "SIGINT";
    const pieces = stops ? log.pieces.slice(0, stopAfter + 1) : log.pieces;
    const given = Buffer.concat(pieces);
    this.#break();
    const played = await this.#run(pieces);
    this.#holdEcho(given, played);
    this.#holdCode(played);
    this.#holdReceipt(played);
    if (disk === "none" || disk === "offline-full") this.#holdNdjson(said(given));
    this.#heal();
    await this.#sync();
    // A task that is stopped in its first moments may not know its names yet, and says so.
    const named = !/no project is named/.test(played.stderr.replace(/\s*\n\s*›\s*/g, " "));
    const known = named && (this.#schedule.place === "terminal" || proxy === "none" || proxy === "secret");
    // A machine that is too busy for the orderly end is a kill, and is told as one.
    const ended = !/did not end within \d+ s of SIG/.test(played.stderr);
    const read = ended && processFault !== "kill" && processFault !== "memory";
    // Where nobody knew the run's name, or the offline file could not be kept, the next run brings the rows.
    const kept = disk === "none" || disk === "full" || disk === "unwritable";
    if (known && read && kept) this.#holdRows(said(given), `after sync (${played.stderr})`);
    await this.#nextRun(log.pieces);
    this.#holdRows(said(log.bytes), "after the next run");
    this.#wrong.push(...this.#wandb.violations, ...this.#taskcluster.violations);
    return this.#wrong;
  }

  get #inTask(): boolean {
    return this.#schedule.place !== "terminal";
  }

  get #address(): { readonly project: string; readonly id: string } {
    if (!this.#inTask) return { project: "nb-en", id: "teacher" };
    return { project: this.#schedule.place === "push" ? "ci" : "nb-en", id: "teacher-2_ZowUk" };
  }

  #environment(healthy: boolean): Record<string, string> {
    const { wandb, proxy, disk } = this.#schedule;
    const key = wandb === "key" && !healthy ? WRONG_KEY : this.#wandb.apiKey;
    const common = {
      HOME: this.#folder,
      WANDB_BASE_URL: this.#wandb.url,
      WANDB_DIR: disk === "offline-full" && !healthy ? "/dev/full" : this.#folder,
      WANDB_PUBLICATION: "true",
    };
    if (!this.#inTask) return { ...common, WANDB_API_KEY: key };
    const proxyUrl = proxy === "refused" ? "http://127.0.0.1:9" : this.#taskcluster.url;
    return {
      ...common,
      MOZ_AUTOMATION: "1",
      TASK_ID: TASK,
      TASKCLUSTER_PROXY_URL: healthy ? this.#mended.url : proxyUrl,
      TASKCLUSTER_SECRET: SECRET,
    };
  }

  #break(): void {
    const { wandb, proxy, disk } = this.#schedule;
    const times = Number.POSITIVE_INFINITY;
    if (wandb === "refused") this.#wandb.inject({ fault: { kind: "drop" }, times });
    if (wandb === "cut") this.#wandb.inject({ fault: { kind: "drop-answer" }, times });
    if (wandb === "hang") this.#wandb.inject({ fault: { kind: "hang" }, times });
    if (wandb === "429" || wandb === "500")
      this.#wandb.inject({ fault: { kind: "status", status: Number(wandb), retryAfter: "1" }, times });
    if (wandb === "400")
      this.#wandb.inject({ endpoint: "file_stream", fault: { kind: "status", status: 400 }, times });
    if (proxy === "html") {
      const fault = { kind: "status", status: 200, body: "<html>", contentType: "text/html" } as const;
      this.#taskcluster.inject({ fault, times });
    }
    if (proxy === "hang") this.#taskcluster.inject({ fault: { kind: "hang" }, times });
    const output = join(this.#folder, "output");
    if (disk === "unwritable") writeFileSync(output, "in the way");
    if (disk !== "full") return;
    mkdirSync(output);
    for (const name of ["measurements.ndjson", "training.csv", "validation.csv"])
      symlinkSync("/dev/full", join(output, name));
  }

  #heal(): void {
    this.#wandb.heal();
  }

  async #run(pieces: readonly Buffer[]): Promise<Played> {
    const { disk, process: fault } = this.#schedule;
    const limits = [
      ...(disk === "limited" ? ["ulimit -f 8"] : []),
      ...(fault === "memory" ? ["ulimit -v 1500000"] : []),
    ];
    return this.#pipe(pieces, limits, this.#environment(false), this.#folder, true);
  }

  /** What the task's next run does: the training prints all of its log again, or what a person does who tries again. */
  async #nextRun(pieces: readonly Buffer[]): Promise<void> {
    const folder = mkdtempSync(join(this.#folder, "next-"));
    const played = await this.#pipe(
      pieces,
      [],
      { ...this.#environment(true), WANDB_DIR: folder },
      folder,
      false,
    );
    if (played.code !== 0 || !played.echo.equals(Buffer.concat(pieces)))
      this.#wrong.push(`the next run ended with ${played.code}: ${played.stderr}`);
  }

  async #pipe(
    pieces: readonly Buffer[],
    limits: readonly string[],
    environment: Record<string, string>,
    folder: string,
    faults: boolean,
  ): Promise<Played> {
    const { taker, heals, process: fault } = this.#schedule;
    const flags = this.#inTask
      ? ["--publish-group-logs", "--verbose"]
      : ["--wandb-project", "nb-en", "--wandb-run-name", "teacher"];
    const script = [...limits, `exec "$0" "$@"`].join("; ");
    const child = spawn(
      "sh",
      ["-c", script, process.execPath, binaryPath("parse_tc_logs"), "--from-stream", ...flags],
      { cwd: folder, env: cleanEnvironment(environment), stdio: ["pipe", "pipe", "pipe"] },
    );
    const late = setTimeout(() => child.kill("SIGKILL"), TIME_LIMIT);
    let upstream: string | undefined;
    child.stdin.on("error", (error: NodeJS.ErrnoException) => {
      upstream ??= error.code ?? error.message;
    });
    const [echo, said]: Buffer[][] = [[], []];
    let echoed = 0;
    child.stdout.on("data", (chunk: Buffer) => {
      echo?.push(chunk);
      echoed += chunk.length;
      if (faults && taker === "leaves") child.stdout.destroy();
      if (!faults || taker !== "slow") return;
      child.stdout.pause();
      setTimeout(() => child.stdout.resume(), 3);
    });
    child.stderr.on("data", (chunk: Buffer) => said?.push(chunk));
    const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
      child.once("close", (code, signal) => resolve({ code, signal }));
    });
    const gone = ended.then(() => true);
    let written = 0;
    for (const [index, piece] of pieces.entries()) {
      written += piece.length;
      if (!child.stdin.write(piece))
        await Promise.race([new Promise((resolve) => child.stdin.once("drain", resolve)), gone]);
      if (!faults) continue;
      if (index % 16 === 0) await sleep(index % 5);
      if (heals && index === Math.floor(pieces.length / 2)) this.#heal();
      if (fault === "kill" && index === Math.min(this.#schedule.stopAfter, pieces.length - 1)) {
        await sleep(this.#schedule.seed % 1500);
        killReader(child);
      }
    }
    if (faults && (fault === "SIGTERM" || fault === "SIGINT")) {
      // The training has its last word out before the signal comes, and the program is there.
      const needed = taker === "leaves" ? 1 : written;
      while (echoed < needed && child.exitCode === null) await sleep(5);
      await sleep(this.#schedule.seed % 2 === 0 ? 0 : 700);
      child.kill(fault);
      await sleep(this.#schedule.seed % 200);
    }
    child.stdin.end();
    const { code, signal } = await ended;
    clearTimeout(late);
    return {
      code,
      signal,
      echo: Buffer.concat(echo ?? []),
      stderr: Buffer.concat(said ?? []).toString(),
      upstream,
    };
  }

  #holdEcho(given: Buffer, { echo, upstream, stderr }: Played): void {
    if (upstream !== undefined) this.#wrong.push(`the training got ${upstream}`);
    if (this.#schedule.taker === "leaves") {
      if (!given.subarray(0, echo.length).equals(echo))
        this.#wrong.push("the echo is not the beginning of the log");
    } else if (hash(given) !== hash(echo)) {
      this.#wrong.push(`the echo has ${echo.length} bytes of ${given.length}: ${stderr}`);
    }
  }

  #holdCode({ code, signal, stderr }: Played): void {
    const allowed = this.#codes();
    if (signal !== null || !allowed.includes(code ?? -1))
      this.#wrong.push(`ended with ${code ?? signal}, not ${allowed.join(" or ")}: ${stderr}`);
  }

  /** The exit codes that the contract allows. */
  #codes(): readonly number[] {
    const { wandb, heals, proxy, disk, process: fault, place } = this.#schedule;
    if (fault === "SIGTERM") return [143];
    if (fault === "SIGINT") return [130];
    const named = !this.#inTask || proxy === "none" || proxy === "secret";
    const keyless = this.#inTask && proxy === "secret";
    const lasting = wandb === "400" || wandb === "key" || (wandb !== "none" && !heals);
    // A server that refuses rows may have been healed before the first came, or after.
    const unsure = wandb === "400" && heals;
    const undelivered = named && (keyless || lasting);
    const damaged = disk === "full" || disk === "unwritable" || disk === "limited";
    const raw = fault === "memory" ? [1, 3] : fault === "kill" || damaged ? [3] : undelivered ? [3] : [0];
    if (unsure && raw[0] === 3 && !damaged && fault === "none" && !keyless) raw.push(0);
    // The process may have been done when it was to be killed.
    if (fault === "kill") raw.push(0);
    if (place === "terminal") return raw;
    if (place === "action") return [0];
    const told = proxy === "none" || proxy === "secret";
    return told
      ? [...raw.map((code) => (code === 0 ? 0 : 1)), ...(fault === "kill" || fault === "memory" ? [0] : [])]
      : [0];
  }

  #holdReceipt({ stderr }: Played): void {
    if (stderr.includes(this.#wandb.apiKey) || stderr.includes(WRONG_KEY))
      this.#wrong.push("the key was printed");
    if (/^ +at .*:\d+/m.test(stderr) && this.#schedule.process !== "memory")
      this.#wrong.push(`a stack was printed: ${stderr}`);
    const [, acknowledged] = /W&B: (\d+) of \d+ rows sent were acknowledged/.exec(stderr) ?? [];
    const held = this.#rows().length;
    if (acknowledged !== undefined && Number(acknowledged) > held)
      this.#wrong.push(`${acknowledged} rows are said to be acknowledged; the server has ${held}`);
    const [, spooled, spool = ""] =
      /W&B: (\d+) rows? (?:is|are) in the offline file; .* (\S+)$/m.exec(stderr) ?? [];
    if (spooled !== undefined && !existsSync(spool)) this.#wrong.push(`there is no offline file ${spool}`);
  }

  #holdNdjson(expected: readonly Said[]): void {
    const path = join(this.#folder, "output/measurements.ndjson");
    if (this.#schedule.process === "memory") return;
    const text = existsSync(path) ? readFileSync(path, "utf8") : "";
    const found = text
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter(({ type }) => type === "training" || type === "validation")
      .map(({ up, cost, metric, value }) => `${up} ${metric ?? "cost"} ${value ?? cost}`);
    const wanted = expected.map(({ up, values }) => {
      const [[name, value] = ["", 0]] = Object.entries(values).filter(
        ([key]) => key === "cost" || !("sen" in values),
      );
      return `${up} ${name.replaceAll("_", "-")} ${value}`;
    });
    const compared = this.#schedule.process === "kill" ? wanted.slice(0, found.length) : wanted;
    if (JSON.stringify(found) !== JSON.stringify(compared))
      this.#wrong.push(`measurements.ndjson has ${found.length} records, the log ${wanted.length}`);
  }

  #rows(): Record<string, unknown>[] {
    const { project, id } = this.#address;
    return this.#wandb.store.run(this.#wandb.entity, project, id) === undefined
      ? []
      : this.#wandb.history(project, id);
  }

  #holdRows(expected: readonly Said[], when: string): void {
    const wanted = rowsOf(expected);
    const found = this.#rows().map(({ _timestamp, _runtime, ...row }) => row);
    const text = (rows: readonly Record<string, unknown>[]) =>
      JSON.stringify(rows.map((row) => Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1))));
    if (text(found) !== text(wanted))
      this.#wrong.push(
        `${when} the server has ${found.length} rows, the log ${wanted.length}, or they differ`,
      );
  }

  async #sync(): Promise<void> {
    if (!filesBelow(this.#folder).some((path) => path.endsWith(".wandb"))) return;
    const child = spawn(process.execPath, [binaryPath("run"), "sync", this.#folder], {
      env: cleanEnvironment({
        HOME: this.#folder,
        WANDB_BASE_URL: this.#wandb.url,
        WANDB_API_KEY: this.#wandb.apiKey,
      }),
      stdio: ["ignore", "ignore", "pipe"],
    });
    const text: Buffer[] = [];
    child.stderr.on("data", (chunk: Buffer) => text.push(chunk));
    const code = await new Promise((resolve) => child.once("close", resolve));
    // An offline file that was cut by a limit is not whole.
    if (code !== 0 && this.#schedule.disk !== "limited")
      this.#wrong.push(`sync ended with ${code}: ${Buffer.concat(text).toString()}`);
  }
}

/** Kills the process that reads for the one that passes on. */
function killReader(child: ChildProcess): void {
  const path = `/proc/${child.pid}/task/${child.pid}/children`;
  const pids = existsSync(path) ? readFileSync(path, "utf8").trim().split(" ") : [];
  for (const pid of pids) if (pid !== "") process.kill(Number(pid), "SIGKILL");
}

function hash(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}
