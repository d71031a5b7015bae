/** Plays one case of the table of faults, and holds the servers' own stores to the log. */
import { type ChildProcess, spawn } from "node:child_process";
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { binaryPath, cleanEnvironment, filesBelow, freshFolder } from "../cli/run-binary.js";
import { CONNECTION_FAULTS } from "../servers/faults.js";
import { ownGroup, TaskclusterStandIn } from "../servers/taskcluster/index.js";
import { StandInServer } from "../servers/wandb/index.js";
import { IDS } from "../taskcluster/client/ids.js";
import { type Bound, measureMachine, unlessWithin } from "./bounds.js";
import { diceOf, type FaultCase } from "./fault-case.js";
import { LOG, type Scene, SOON } from "./fault-scenes.js";
import { rowsOf, said } from "./log-rows.js";
import { type HeldRun, heldBy } from "./server-state.js";

const SECRET = "project/translations/level-1/weights-and-biases";
/** No program ever writes this but as the key. */
const KEY = "c0ffee".repeat(7).slice(0, 40);
const ENCODED = Buffer.from(`api:${KEY}`).toString("base64");

/** How long a command may take without a signal, after one, and after a second one that comes half a second later. */
const LONGEST: Bound = { promised: 60_000, starts: 20 };
const LONGEST_PATIENT: Bound = { promised: 600_000, starts: 20 };
const AFTER_SIGNAL: Bound = { promised: 10_000, starts: 10 };
const AFTER_SECOND: Bound = { promised: 1000, starts: 10 };
/** Requests, or connections, within a second that a fault may meet at most. */
const MAX_PER_SECOND = 40;

/** A process that has ended. */
interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: Buffer;
  readonly stderr: string;
  /** The moment (ms since 1970) of its end. */
  readonly at: number;
  readonly late: boolean;
}

/** Plays a case; returns what is not as it has to be, in words. */
export async function playCase(one: FaultCase): Promise<string[]> {
  const stage = await Stage.open(one);
  try {
    return await stage.play();
  } finally {
    await stage.close();
  }
}

/** What a healthy server holds after each command. */
const references = new Map<string, Promise<ReadonlyMap<string, HeldRun>>>();

class Stage {
  readonly #case: FaultCase;
  readonly #scene: Scene;
  readonly #wandb: StandInServer;
  readonly #taskcluster: TaskclusterStandIn;
  readonly #relays: Relay[] = [];
  readonly #folder: string;
  readonly #wrong: string[] = [];

  private constructor(one: FaultCase, wandb: StandInServer, taskcluster: TaskclusterStandIn) {
    this.#case = one;
    this.#scene = one.scene;
    this.#wandb = wandb;
    this.#taskcluster = taskcluster;
    this.#folder = freshFolder(one.scene.files);
  }

  static async open(one: FaultCase): Promise<Stage> {
    const wandb = await StandInServer.start({ apiKey: KEY });
    const taskcluster = await TaskclusterStandIn.start({
      groups: [ownGroup("fjord")],
      secrets: { [SECRET]: { token: KEY } },
      trainLog: LOG,
    });
    // The one evaluation of the group that has left no scores gets some: without faults, all is well.
    const { taskId } = taskcluster.store.task("evaluate-student-url-gcp_harbour-nb-en").status;
    taskcluster.setContent(taskId, 0, "public/build/gcp_harbour.metrics", "30.5\n60.5\n0.85\n");
    if (one.scene.feed === "task") taskcluster.live(IDS.teacher2).append(LOG.subarray(0, LOG.length / 2));
    return new Stage(one, wandb, taskcluster);
  }

  async close(): Promise<void> {
    for (const relay of this.#relays) relay.close();
    await this.#wandb.close();
    await this.#taskcluster.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async play(): Promise<string[]> {
    const reference = await this.#reference();
    if (this.#scene.before !== undefined) await this.#prepare(this.#scene.before);
    await this.#break();
    const first = await this.#command(true);
    const held = heldBy(this.#wandb);
    this.#holdEnd(first);
    this.#holdPace();
    this.#heal();
    const well = first.code === 0 && first.signal === null && this.#isNamed(first);
    if (well) this.#holdAll(reference, held, "the command said that all is delivered, and");
    const synced = this.#scene.name !== "sync" && (await this.#sync());
    if (!well) {
      const after = synced ? heldBy(this.#wandb) : held;
      const when = `after ${describe(first)} and sync`;
      if (this.#isWhole(first)) this.#holdAll(reference, after, when);
      else this.#holdBeginnings(after, when);
      rmSync(join(this.#folder, "out"), { recursive: true, force: true });
      const again = await this.#command(false);
      if (again.code !== 0) this.#wrong.push(`the next run ${describe(again)}: ${again.stderr}`);
      const parts = ["tables", "config", "group"] as const;
      // A training that prints its log again has more text than before.
      const repeats = this.#scene.feed === "pipe" || this.#scene.feed === "file";
      // Bytes that came in the place of a log's are text like any other.
      const isContent = this.#case.target === "content";
      // One that was stopped has ended its text where it was.
      const stopped = this.#case.signals !== "none" && !this.#scene.wholeAfterStop;
      this.#holdAll(
        reference,
        heldBy(this.#wandb),
        `after ${describe(first)}, sync and the next run`,
        repeats || stopped || isContent ? parts : [...parts, "console", "files"],
      );
    }
    this.#holdSecrets(first);
    if (this.#wrong.length > 0) this.#wrong.push(`it ${describe(first)} and said: ${first.stderr}`);
    this.#wrong.push(...this.#wandb.violations, ...this.#taskcluster.violations);
    return this.#wrong;
  }

  /** What the server of a stage without faults holds in the end. */
  #reference(): Promise<ReadonlyMap<string, HeldRun>> {
    const { name } = this.#scene;
    const known = references.get(name);
    if (known !== undefined) return known;
    const made = (async () => {
      const stage = await Stage.open(this.#case);
      try {
        if (this.#scene.before !== undefined) await stage.#prepare(this.#scene.before);
        const { code, stderr } = await stage.#command(false);
        if (code !== 0) throw new Error(`${name} without faults ended with ${code}: ${stderr}`);
        const held = heldBy(stage.#wandb);
        for (const [key, log] of Object.entries(this.#scene.logs)) {
          const wanted = rowsOf(said(log));
          if (!isDeepStrictEqual(ordered(held.get(key)?.rows ?? []), ordered(wanted)))
            throw new Error(
              `${name} without faults gives ${key} other rows than the log: ${shortened(held.get(key)?.rows)}, not ${shortened(wanted)}`,
            );
        }
        return held;
      } finally {
        await stage.close();
      }
    })();
    references.set(name, made);
    return made;
  }

  /** Whether every row has to be with the server or in the offline file when the command has ended. */
  #isWhole(first: Ended): boolean {
    const { target, signals } = this.#case;
    // What it could not send it sends when it is run again.
    if (this.#scene.name === "sync") return false;
    if (this.#scene.feed !== "pipe" && signals === "SIGINT twice") return false;
    if (signals === "SIGTERM" && !this.#scene.wholeAfterStop) return false;
    // What it had not read when it was stopped it does not know.
    if (/stopped before its end/.test(first.stderr)) return false;
    if (!["api", "content", "Taskcluster"].includes(target)) return true;
    // Without an answer of Taskcluster there is no log, or nobody knows what the run is called.
    return this.#scene.feed === "pipe" && this.#isNamed(first);
  }

  /** Whether it was known what the run is called; where it was not, the pipe says so and goes on. */
  #isNamed({ stderr }: Ended): boolean {
    return !/no project is named|not those of the task/.test(unbroken(stderr));
  }

  async #break(): Promise<void> {
    const { fault, span, target, id } = this.#case;
    const dice = diceOf(id);
    const after = span === "some" ? dice.below(4) : 0;
    const times = span === "always" ? Number.POSITIVE_INFINITY : span === "once" ? 1 : 1 + dice.below(3);
    if (fault.service === "W&B")
      this.#wandb.inject({ endpoint: target as "graphql", fault: fault.fault, times, after });
    else if (fault.service === "Taskcluster")
      this.#taskcluster.inject({
        endpoint: target === "content" ? ["content", "live"] : API,
        fault: fault.fault,
        times,
        after,
      });
    else {
      const { url } = target === "W&B" ? this.#wandb : this.#taskcluster;
      this.#relays.push(await Relay.start(url, fault.name, after, times));
    }
  }

  #heal(): void {
    this.#wandb.heal();
    this.#taskcluster.heal();
    for (const relay of this.#relays) relay.heal();
  }

  get #hits(): readonly number[] {
    return [...this.#wandb.hits, ...this.#taskcluster.hits, ...this.#relays.flatMap(({ hits }) => hits)].sort(
      (a, b) => a - b,
    );
  }

  #environment(): NodeJS.ProcessEnv {
    const { target } = this.#case;
    const [relay] = this.#relays;
    const wandb = target === "W&B" && relay !== undefined ? relay.url : this.#wandb.url;
    const taskcluster = target === "Taskcluster" && relay !== undefined ? relay.url : this.#taskcluster.url;
    const places: Readonly<Record<string, Record<string, string>>> = {
      address: { TASKCLUSTER_ROOT_URL: taskcluster },
      proxy: {
        TASK_ID: this.#scene.binary === "run" ? IDS.evaluation : IDS.teacher2,
        TASKCLUSTER_PROXY_URL: taskcluster,
        TASKCLUSTER_SECRET: SECRET,
        WANDB_PUBLICATION: "true",
      },
    };
    return cleanEnvironment({
      HOME: this.#folder,
      XDG_CACHE_HOME: join(this.#folder, "cache"),
      TMPDIR: this.#temporary,
      NO_PROXY: "127.0.0.1",
      WANDB_BASE_URL: wandb,
      ...(this.#scene.taskcluster === "proxy" ? {} : { WANDB_API_KEY: KEY }),
      ...places[this.#scene.taskcluster ?? ""],
    });
  }

  get #temporary(): string {
    const folder = join(this.#folder, "tmp");
    mkdirSync(folder, { recursive: true });
    return folder;
  }

  /** What has to be there before the command: nothing of it is on trial. */
  async #prepare(args: readonly string[]): Promise<void> {
    const env = { ...this.#environment(), WANDB_MODE: "offline", WANDB_API_KEY: undefined };
    const done = await this.#ended(this.#spawn("run", args, env), LONGEST);
    if (done.code !== 0) throw new Error(`${args[0]} before ended with ${done.code}: ${done.stderr}`);
  }

  async #sync(): Promise<boolean> {
    if (!filesBelow(this.#folder).some((path) => path.endsWith(".wandb"))) return false;
    const env = { ...this.#environment(), WANDB_API_KEY: KEY };
    const done = await this.#ended(this.#spawn("run", ["sync", "wandb"], env), LONGEST);
    // The second signal may come in the middle of a write.
    const allowed = this.#case.signals === "SIGINT twice" ? [0, 1] : [0];
    if (!allowed.includes(done.code ?? -1)) this.#wrong.push(`sync ${describe(done)}: ${done.stderr}`);
    return true;
  }

  #spawn(binary: Scene["binary"], args: readonly string[], env: NodeJS.ProcessEnv): ChildProcess {
    return spawn(process.execPath, [binaryPath(binary), ...args], {
      cwd: this.#folder,
      env,
      stdio: [this.#scene.feed === "pipe" ? "pipe" : "ignore", "pipe", "pipe"],
    });
  }

  async #ended(child: ChildProcess, longest: Bound): Promise<Ended> {
    const [out, err]: Buffer[][] = [[], []];
    child.stdout?.on("data", (chunk: Buffer) => out?.push(chunk));
    child.stderr?.on("data", (chunk: Buffer) => err?.push(chunk));
    let late = false;
    let over = false;
    void unlessWithin(
      longest,
      () => over,
      () => {
        late = true;
        child.kill("SIGKILL");
      },
    );
    const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) => {
      child.once("close", (...end) => resolve(end));
    });
    over = true;
    const stderr = Buffer.concat(err ?? []).toString();
    return { code, signal, stdout: Buffer.concat(out ?? []), stderr, at: Date.now(), late };
  }

  /** Runs the command, on trial with the case's signals, else to its end. */
  async #command(trial: boolean): Promise<Ended> {
    const { patient, signals } = this.#case;
    const { binary, args, feed } = this.#scene;
    const log = join(this.#folder, "train.log");
    if (feed === "file") writeFileSync(log, LOG.subarray(0, LOG.length / 2));
    // A busy machine may take longer than the short budget for an answer that comes.
    const child = this.#spawn(binary, trial ? [...args, ...SOON] : args, this.#environment());
    // A follower asks for the log of a run that is over for about a minute.
    const asks = this.#case.scene.name === "task --follow" && this.#case.target === "content";
    const done = this.#ended(child, patient || asks ? LONGEST_PATIENT : LONGEST);
    let over = false;
    void done.then(() => {
      over = true;
    });
    const isOver = () => over;
    let echoed = 0;
    child.stdout?.on("data", (chunk: Buffer) => {
      echoed += chunk.length;
    });
    if (feed === "pipe") child.stdin?.on("error", () => {});
    await this.#feedHalf(child, feed, 0);
    const stop = trial ? signals : feed === "file" ? "SIGTERM" : "none";
    if (feed !== "whole") {
      await this.#hit(trial, isOver);
      await this.#feedHalf(child, feed, 1);
    }
    if (stop !== "none") {
      await this.#hit(trial, isOver);
      if (feed === "pipe") await this.#until(isOver, () => echoed > 0);
      if (feed === "file" || feed === "task") await this.#until(isOver, this.#isWritten);
      await sleep(trial ? diceOf(`${this.#case.id} pause`).below(300) : 0);
      await this.#signal(child, stop, isOver);
      if (feed === "pipe") await sleep(300);
    }
    if (feed === "pipe") {
      child.stdin?.end();
      if (stop !== "none")
        this.#holdStop(child, AFTER_SIGNAL, `after ${stop} and the end of its input`, isOver);
    }
    if (feed === "task" && stop === "none") this.#endTask();
    const ended = await done;
    if (feed === "file" && !trial && ended.code === 143) return { ...ended, code: 0 };
    if (feed === "pipe" && !ended.stdout.equals(LOG)) this.#wrong.push("the echo is not the log");
    return ended;
  }

  async #signal(child: ChildProcess, stop: FaultCase["signals"], isOver: () => boolean): Promise<void> {
    if (isOver()) return;
    child.kill(stop === "SIGTERM" ? "SIGTERM" : "SIGINT");
    if (stop === "SIGINT twice") {
      // One that comes right behind the first may be the same: a busy machine delivers both at once.
      for (let more = 0; more < 3 && !isOver(); more += 1) {
        await sleep(500);
        if (!isOver()) child.kill("SIGINT");
      }
    }
    // The pipe ends with its input.
    if (this.#scene.feed === "pipe") return;
    this.#holdStop(child, stop === "SIGTERM" ? AFTER_SIGNAL : AFTER_SECOND, `after ${stop}`, isOver);
  }

  /** Ends a command that goes on for longer than it may. */
  #holdStop(child: ChildProcess, longest: Bound, after: string, isOver: () => boolean): void {
    void unlessWithin(longest, isOver, (milliseconds) => {
      this.#wrong.push(`it went on ${(milliseconds / 1000).toFixed(1)} s ${after}`);
      child.kill("SIGKILL");
    });
  }

  /** Gives a half of the log. */
  async #feedHalf(child: ChildProcess, feed: Scene["feed"], half: 0 | 1): Promise<void> {
    const middle = LOG.length / 2;
    const bytes = half === 0 ? LOG.subarray(0, middle) : LOG.subarray(middle);
    if (feed === "pipe") child.stdin?.write(bytes);
    if (feed === "file" && half === 1) appendFileSync(join(this.#folder, "train.log"), bytes);
    if (feed !== "task" || half === 0) return;
    const live = this.#taskcluster.live(IDS.teacher2);
    if (live.content.length < LOG.length) live.append(bytes);
  }

  /** Waits until the fault has hit; some hit only after what comes next, or never. */
  async #hit(trial: boolean, isOver: () => boolean): Promise<void> {
    const patience = this.#scene.feed === "whole" ? LONGEST.promised : 1500;
    const end = Date.now() + patience;
    while (trial && !isOver() && this.#hits.length === 0 && Date.now() < end) await sleep(20);
  }

  /** Waits until something holds, which may never come. */
  async #until(isOver: () => boolean, holds: () => boolean): Promise<void> {
    const end = Date.now() + 20_000 + 20 * (await measureMachine());
    while (!isOver() && Date.now() < end && !holds()) await sleep(50);
  }

  /** Whether the files of a command that follows hold the whole log. */
  readonly #isWritten = (): boolean => {
    const file = join(this.#folder, "out/training.csv");
    const rows = said(LOG).filter(({ values }) => "sen" in values).length;
    return existsSync(file) && readFileSync(file, "utf8").split("\r\n").length >= rows + 2;
  };

  #endTask(): void {
    const live = this.#taskcluster.live(IDS.teacher2);
    const { status } = this.#taskcluster.store.task(IDS.teacher2);
    this.#taskcluster.setContent(IDS.teacher2, 0, "public/logs/live_backing.log", live.content);
    status.state = "completed";
    for (const run of status.runs) run.state = "completed";
    live.end();
  }

  #holdEnd({ code, signal, stderr, late }: Ended): void {
    const { signals } = this.#case;
    if (late) this.#wrong.push(`it did not end: ${stderr}`);
    const stops: readonly (number | string | null)[] =
      signals === "SIGTERM" ? [143, "SIGTERM"] : signals === "SIGINT twice" ? [130, "SIGINT"] : [];
    // Where Taskcluster gives no key, there is none.
    const keyless = this.#scene.taskcluster === "proxy" && ["api", "Taskcluster"].includes(this.#case.target);
    if (![0, 1, 3, ...(keyless ? [2] : []), ...stops].includes(code ?? signal))
      this.#wrong.push(`it ${describe({ code, signal })}: ${stderr}`);
    if (/^ +at .*:\d+/m.test(stderr)) this.#wrong.push(`a stack was printed: ${stderr}`);
  }

  #holdPace(): void {
    const hits = this.#hits;
    const most = hits.reduce(
      (busiest, moment, at) => Math.max(busiest, at - hits.findIndex((other) => other > moment - 1000) + 1),
      0,
    );
    if (most > MAX_PER_SECOND) this.#wrong.push(`${most} requests within a second met the fault`);
  }

  #holdSecrets({ stdout, stderr }: Ended): void {
    const texts = [stdout.toString("latin1"), stderr];
    for (const path of filesBelow(this.#folder)) texts.push(readFileSync(join(this.#folder, path), "latin1"));
    if (texts.some((text) => text.includes(KEY) || text.includes(ENCODED)))
      this.#wrong.push("the key was printed, or is in a file");
  }

  /** The rows of each log, each once, with its values. */
  #holdRows(reference: ReadonlyMap<string, HeldRun>, held: ReadonlyMap<string, HeldRun>, when: string): void {
    for (const [key, log] of Object.entries(this.#scene.logs)) {
      const wanted = ordered(rowsOf(said(log)));
      const found = ordered(held.get(key)?.rows ?? []);
      if (!isDeepStrictEqual(found, wanted))
        this.#wrong.push(`${when} ${key} has ${found.length} rows of ${wanted.length}, or they differ`);
    }
    for (const key of held.keys()) if (!reference.has(key)) this.#wrong.push(`${when} there is a run ${key}`);
    this.#holdReferences(held, when);
  }

  /** All that a healthy server holds after the command. */
  #holdAll(
    reference: ReadonlyMap<string, HeldRun>,
    held: ReadonlyMap<string, HeldRun>,
    when: string,
    parts: readonly (keyof HeldRun)[] = ["tables", "config", "group", "console", "files"],
  ): void {
    this.#holdRows(reference, held, when);
    for (const [key, wanted] of reference) {
      const found = held.get(key);
      for (const part of parts)
        if (
          part === "files"
            ? wanted.files.some((name) => !found?.files.includes(name))
            : !isDeepStrictEqual(found?.[part], wanted[part])
        )
          this.#wrong.push(
            `${when} ${part} of ${key}: ${shortened(found?.[part])}, not ${shortened(wanted[part])}`,
          );
    }
  }

  /** What is there of a log is its beginning. */
  #holdBeginnings(held: ReadonlyMap<string, HeldRun>, when: string): void {
    for (const [key, { rows }] of held) {
      const log = this.#scene.logs[key];
      const wanted = ordered(log === undefined ? [] : rowsOf(said(log)));
      const found = ordered(rows);
      const last = found.length - 1;
      // The last row of a log that goes on may lack what came later.
      const begins = (one: unknown, other: unknown) => {
        const values = new Map((other ?? []) as [string, unknown][]);
        return ((one ?? []) as [string, unknown][]).every(([name, value]) => values.get(name) === value);
      };
      if (
        !isDeepStrictEqual(found.slice(0, last), wanted.slice(0, Math.max(0, last))) ||
        (last >= 0 && !begins(found[last], wanted[last]))
      )
        this.#wrong.push(`${when} the ${found.length} rows of ${key} are not the beginning of its log`);
    }
  }

  /** A run that names a table has it. */
  #holdReferences(held: ReadonlyMap<string, HeldRun>, when: string): void {
    for (const [key, { missing }] of held)
      if (missing.length > 0)
        this.#wrong.push(`${when} ${key} refers to ${missing.join(", ")}, which is lost`);
  }
}

const API = ["task", "status", "statuses", "group", "list", "artifacts", "artifact", "secret"] as const;

/** Connections to a server, some of which go wrong before there is a request. */
class Relay {
  readonly hits: number[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #after: number;
  #times: number;

  private constructor(target: URL, name: string, after: number, times: number) {
    this.#after = after;
    this.#times = times;
    const fault = CONNECTION_FAULTS.find((one) => one.name === name);
    this.#server = createServer((socket) => {
      this.#keep(socket);
      this.#after -= 1;
      if (this.#after < 0 && this.#times > 0) {
        this.#times -= 1;
        this.hits.push(Date.now());
        fault?.take(socket);
        return;
      }
      const onward = connect(Number(target.port), target.hostname);
      this.#keep(onward);
      socket.pipe(onward).pipe(socket);
      for (const [one, other] of [
        [socket, onward],
        [onward, socket],
      ] as const)
        one.once("close", () => other.destroy());
    });
  }

  static async start(url: string, name: string, after: number, times: number): Promise<Relay> {
    const relay = new Relay(new URL(url), name, after, times);
    await new Promise<void>((resolve) => relay.#server.listen(0, "127.0.0.1", resolve));
    return relay;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  heal(): void {
    this.#times = 0;
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("error", () => {});
    socket.once("close", () => this.#sockets.delete(socket));
  }
}

/** Rows whose values are in one order. */
function ordered(rows: readonly Readonly<Record<string, unknown>>[]): [string, unknown][][] {
  return rows.map((row) => Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function describe({ code, signal }: Pick<Ended, "code" | "signal">): string {
  return `ended with ${code ?? signal}`;
}

/** A message as it is without the line breaks for terminals. */
function unbroken(text: string): string {
  return text.replaceAll(/\s*\n\s*›\s*/g, " ");
}

function shortened(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 400 ? `${text.slice(0, 400)}…` : text;
}
