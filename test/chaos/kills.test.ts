/**
 * Commands that are killed at any moment, by SIGKILL or because their terminal goes away: results are old or new, and
 * after the next run nothing else is there. `npm run chaos -- --kills 200` kills more often.
 */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { gunzipSync, gzipSync } from "node:zlib";
import * as tar from "tar-stream";
import { expect, test } from "vitest";
import { binaryPath, cleanEnvironment, filesBelow, freshFolder } from "../cli/run-binary.js";
import { start, train, valid } from "../cli/sample-logs.js";
import { ownGroup, TaskclusterStandIn } from "../servers/taskcluster/index.js";
import { StandInServer } from "../servers/wandb/index.js";
import { IDS } from "../taskcluster/client/ids.js";

const rounds = Number(process.env["MARIAN_TRACKING_KILLS"] ?? 8);
const seed = Number(process.env["CHAOS_SEED"] ?? 20261130);
const UPDATES = 15_000;
const GROUP = "base_aY25-4fXTcuJNuMcWXUYtQ";
/** The terminal of a command that is to lose it. */
const SCRIPT = "/usr/bin/script";

/** Numbers from 0 to 1, the same each time. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
}

/** A log of two segments and two metrics, so that files which have begun get further columns. All its costs are one. */
function log(cost: string): string {
  // The page of a report packs its numbers; the version is there to be read.
  const begin = start({ version: `v1.12.${cost}` });
  let text = begin;
  for (let up = 1; up <= UPDATES; up += 1) {
    if (up === UPDATES / 2) text += valid(up, "chrf", cost) + begin;
    text += train(up).replace(/Cost \S+/, `Cost ${cost}`);
  }
  return text + valid(UPDATES, "ter", cost);
}

const COSTS = ["1.5", "2.5"] as const;
const LOGS = COSTS.map(log);

/** A command, in a folder of its own. */
interface Scenario {
  readonly name: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Makes the input of a round: that of another cost than the round before. */
  write(folder: string, round: number): Promise<void> | void;
  /** The costs that the results show, which are whole at any time. */
  costs(folder: string): readonly string[];
  /** The costs where they are to be when the last run is over, for what is not whole before. */
  atEnd?(folder: string): Promise<readonly string[]>;
  /** Files that may be there besides. */
  readonly ignored?: RegExp;
}

const text = (folder: string, path: string) => readFileSync(join(folder, path), "utf8");

/** The costs in a table of training rows. */
function costsIn(table: string, rows = UPDATES): string[] {
  const [header = "", ...lines] = table.trimEnd().split(/\r?\n/);
  const column = header.split(",").indexOf("cost");
  expect(lines).toHaveLength(rows);
  return lines.map((line) => line.split(",")[column] ?? "");
}

function packed(round: number): Promise<Buffer> {
  const pack = tar.pack();
  for (const model of ["student", "teacher-1"])
    pack.entry({ name: `a/logs/en-hu/${GROUP}/${model}/train.log` }, LOGS[round % 2] ?? "");
  pack.finalize();
  return new Promise((resolve) => {
    const parts: Buffer[] = [];
    pack.on("data", (part) => parts.push(part as Buffer));
    pack.on("end", () => resolve(gzipSync(Buffer.concat(parts), { level: 1 })));
  });
}

const writeLog = (folder: string, round: number) =>
  writeFileSync(join(folder, "a.log"), LOGS[round % 2] ?? "");

/** Of a run at W&B: its rows are there, each once. */
function costsAt(wandb: StandInServer, project: string): string[] {
  const rows = wandb.history(project, "student_aY25-");
  const costs = rows.flatMap(({ cost }) => (cost === undefined ? [] : [String(cost)]));
  expect(costs).toHaveLength(UPDATES);
  return costs;
}

function scenarios(wandb: StandInServer, taskcluster: TaskclusterStandIn): Scenario[] {
  const place = `nb-en/fjord_${IDS.fjord}`;
  const downloaded = ["student", "teacher-1"].map((model) => `out/logs/${place}/${model}/train.log`);
  const wandbEnv = { WANDB_BASE_URL: wandb.url, WANDB_API_KEY: wandb.apiKey };
  const writeArchive = (pair: string) => (folder: string, round: number) => {
    const path = join(folder, `a/logs/${pair}/${GROUP}/student/train.log`);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, LOGS[round % 2] ?? "");
  };
  return [
    {
      name: "parse to CSV",
      args: ["parse", "a.log", "-o", "out", "-q"],
      write: writeLog,
      costs: (folder) =>
        [
          ...costsIn(text(folder, "out/training.csv")),
          // Both files are of one run.
          ...text(folder, "out/validation.csv").matchAll(/(?<=,)[12]\.5(?=,)/g),
        ].map(String),
    },
    {
      name: "parse to NDJSON",
      args: ["parse", "a.log", "-o", "out", "--format", "ndjson", "-q"],
      write: writeLog,
      costs: (folder) => {
        const lines = text(folder, "out/measurements.ndjson").trimEnd().split("\n");
        const rows = lines.map((line) => JSON.parse(line));
        const training = rows.filter(({ type }) => type === "training");
        expect(training).toHaveLength(UPDATES);
        return training.map(({ cost }) => String(cost));
      },
    },
    {
      name: "report",
      args: ["report", "a.log", "-o", "out/report.html", "--summary", "out/summary.md", "-q"],
      write: writeLog,
      costs: (folder) => {
        const page = text(folder, "out/report.html");
        expect(page).toMatch(/<\/html>\s*$/);
        const packed = /id="report-data"[^>]*>([^<]*)</.exec(page)?.[1] ?? "";
        const data = gunzipSync(Buffer.from(packed, "base64")).toString();
        // Page and summary are of one run.
        return [
          data.match(/(?<=v1\.12\.)[12]\.5/g),
          text(folder, "out/summary.md").match(/[12]\.5(?= @)/g),
        ].flatMap((found) => found ?? ["nothing"]);
      },
    },
    {
      name: "parse of a tar",
      args: ["parse", "a.tar.gz", "--combine", "-o", "out", "-q"],
      write: async (folder, round) => writeFileSync(join(folder, "a.tar.gz"), await packed(round)),
      costs: (folder) => costsIn(text(folder, "out/training.csv"), 2 * UPDATES),
    },
    {
      name: "archive of a tar into tables",
      args: ["archive", "a.tar.gz", "--no-wandb", "-o", "out", "-q"],
      write: async (folder, round) => writeFileSync(join(folder, "a.tar.gz"), await packed(round)),
      costs: (folder) =>
        [
          ...costsIn(text(folder, "out/training.csv"), 2 * UPDATES),
          ...text(folder, "out/validation.csv").matchAll(/(?<=,)[12]\.5(?=,)/g),
        ].map(String),
    },
    {
      name: "archive to W&B",
      args: ["archive", "a", "-q"],
      env: wandbEnv,
      write: writeArchive("en-hu"),
      costs: () => [],
      atEnd: async () => costsAt(wandb, "en-hu"),
    },
    {
      name: "archive to offline files",
      args: ["archive", "a", "-q"],
      env: { ...wandbEnv, WANDB_MODE: "offline" },
      write: writeArchive("en-fi"),
      costs: () => [],
      // Runs before stay: they were asked for.
      ignored: /^wandb\//,
      atEnd: async (folder) => {
        const { code } = await run(folder, { args: ["sync", "."], env: wandbEnv });
        // An offline file of a run that was killed is incomplete, and said to be.
        expect([0, 1]).toContain(code);
        return costsAt(wandb, "en-fi");
      },
    },
    {
      name: "download",
      args: ["download", IDS.fjord, "-o", "out", "--only", "training", "-q"],
      env: { TASKCLUSTER_ROOT_URL: taskcluster.url, NO_PROXY: "127.0.0.1", no_proxy: "127.0.0.1" },
      write: (folder, round) => {
        // What was downloaded never changes, so its place holds something else, and the cache nothing in every other round.
        if (round > 0) for (const path of downloaded) writeFileSync(join(folder, path), LOGS[1] ?? "");
        if (round % 2 === 0)
          rmSync(join(folder, "cache/marian-tracking/taskcluster"), { recursive: true, force: true });
      },
      costs: (folder) => {
        // Each file stands for itself.
        for (const path of downloaded) expect(LOGS.includes(text(folder, path))).toBe(true);
        return ["each"];
      },
    },
  ];
}

interface Ended {
  readonly code: number | null;
  /** How it ended, where it was killed in time. */
  readonly signal: NodeJS.Signals | null;
  readonly ms: number;
}

/** Runs a command; with `kill`, ends it that many milliseconds later. */
async function run(
  folder: string,
  { args, env }: Pick<Scenario, "args" | "env">,
  kill?: { readonly after: number; readonly hangup: boolean },
): Promise<Ended> {
  const environment = cleanEnvironment({
    ...env,
    TMPDIR: join(folder, "tmp"),
    XDG_CACHE_HOME: join(folder, "cache"),
  });
  const words = [process.execPath, binaryPath("run"), ...args];
  const hangup = kill?.hangup === true;
  const quoted = words.map((word) => `'${word}'`).join(" ");
  const [command = "", ...rest] = hangup ? [SCRIPT, "-qec", `exec ${quoted}`, "/dev/null"] : words;
  const begun = performance.now();
  // The last one ends with all processes, also with one that has lost its terminal.
  const child = spawn(command, rest, {
    cwd: folder,
    env: environment,
    stdio: ["ignore", "ignore", "ignore", "pipe"],
  });
  const ended = new Promise<Pick<Ended, "code" | "signal">>((resolve) =>
    child.once("close", (code, signal) => resolve({ code, signal })),
  );
  (child.stdio[3] as Readable).resume();
  // With `script` its terminal goes, and the system sends SIGHUP.
  const timer = kill === undefined ? undefined : setTimeout(() => child.kill("SIGKILL"), kill.after);
  const how = await ended;
  clearTimeout(timer);
  return { ...how, ms: performance.now() - begun };
}

test(`after ${rounds} kills results are old or new, and the next run leaves nothing else`, async () => {
  const next = random(seed);
  const [wandb, taskcluster] = await Promise.all([
    StandInServer.start(),
    TaskclusterStandIn.start({
      groups: (["fjord", "coast", "brook", "push"] as const).map(ownGroup),
      trainLog: Buffer.from(LOGS[0] ?? ""),
    }),
  ]);
  const killed = { SIGKILL: 0, SIGHUP: 0 };
  try {
    const all = [];
    for (const scenario of scenarios(wandb, taskcluster)) {
      const folder = freshFolder({ "tmp/.keep": "" });
      await scenario.write(folder, 0);
      const { code, ms } = await run(folder, scenario);
      expect([scenario.name, code]).toEqual([scenario.name, 0]);
      scenario.costs(folder);
      const files = () => filesBelow(folder).filter((path) => scenario.ignored?.test(path) !== true);
      all.push({ scenario, folder, files, expected: files(), ms });
    }
    for (let round = 1; round <= rounds; round += 1) {
      const one = all[round % all.length];
      if (one === undefined) break;
      const { scenario, folder } = one;
      const own = Math.ceil(round / all.length);
      await scenario.write(folder, own);
      // Before that nothing has been done.
      const after = (0.15 + 0.9 * next()) * one.ms;
      const signal = existsSync(SCRIPT) && (round + own) % 2 === 0 ? "SIGHUP" : "SIGKILL";
      const ended = await run(folder, scenario, { after, hangup: signal === "SIGHUP" });
      if (ended.signal === "SIGKILL") killed[signal] += 1;
      const what = `${scenario.name}, ${signal} in round ${round}`;
      expect([what, [...new Set(scenario.costs(folder))]]).toEqual([
        what,
        [expect.any(String)].slice(0, scenario.atEnd ? 0 : 1),
      ]);
    }
    for (const { scenario, folder, files, expected } of all) {
      const { name } = scenario;
      const { code } = await run(folder, scenario);
      expect([name, code]).toEqual([name, 0]);
      expect([name, files()]).toEqual([name, expected]);
      const costs = await (scenario.atEnd ?? scenario.costs)(folder);
      expect([name, new Set(costs).size]).toEqual([name, 1]);
    }
  } finally {
    await wandb.close();
    await taskcluster.close();
  }
  process.stdout.write(
    `seed ${seed}: ended by SIGKILL ${killed.SIGKILL}, by SIGHUP ${killed.SIGHUP} of ${rounds} commands\n`,
  );
}, 3_600_000);
