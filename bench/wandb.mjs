// What publishing to Weights & Biases costs, against the stand-in server: ours beside the official Python client.
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import { root } from "../scripts/tools.mjs";
import { grouped, interleaved, measure, page, times } from "./measure.mjs";
import { bundled, startWandbServer } from "./wandb-server.mjs";

const PROJECT = "bench";
const ROWS = ".rows.json";
const METRICS = ["chrf", "ce-mean-words", "bleu-detok"];

/** A generator of numbers that gives the same logs on every machine. */
function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** A log of some updates, validated after every 50th, and the rows that it holds: [step, values]. */
function trainingLog(seed, updates) {
  const next = random(seed);
  const rows = [];
  let time = Date.UTC(2024, 0, 1);
  const stamp = () => `[${new Date(time).toISOString().slice(0, 19).replace("T", " ")}]`;
  const lines = [
    `${stamp()} [marian] Marian v1.12.14 2d067af 2024-02-16 11:44:13 -0500`,
    `${stamp()} [marian] Running on node as process 7 with command line:`,
    `${stamp()} [marian] /opt/marian/marian --model model.npz --valid-metrics ${METRICS.join(" ")}`,
    `${stamp()} [config] valid-metrics:`,
    ...METRICS.map((metric) => `${stamp()} [config]   - ${metric}`),
    `${stamp()} [config] Model is being created with Marian v1.12.14 2d067af 2024-02-16 11:44:13 -0500`,
  ];
  for (let row = 1; row <= updates; row += 1) {
    time += 20_000;
    const up = row * 100;
    const epoch = 1 + Math.floor(row / 5000);
    const sen = row * 75_376;
    const [cost, seconds, rate] = [3 + next(), 20 + next(), 40_000 + next() * 9000];
    const [gnorm, learningRate] = [next(), next() * 3e-4];
    const values = {
      epoch,
      sen,
      cost: Number(cost.toFixed(8)),
      time: Number(seconds.toFixed(2)),
      rate: Number(rate.toFixed(2)),
      gnorm: Number(gnorm.toFixed(4)),
      learning_rate: Number(learningRate.toExponential(4)),
    };
    lines.push(
      `${stamp()} Ep. ${epoch} : Up. ${up} : Sen. ${sen.toLocaleString("en-US")} : Cost ${cost.toFixed(8)} : Time ${seconds.toFixed(2)}s : ${rate.toFixed(2)} words/s : gNorm ${gnorm.toFixed(4)} : L.r. ${learningRate.toExponential(4).replace(/e-(\d)$/, "e-0$1")}`,
    );
    if (row % 50 === 0) {
      for (const metric of METRICS) {
        const value = (next() * 40).toPrecision(6);
        const name = metric.replaceAll("-", "_");
        values[name] = Number(value);
        values[`${name}_stalled`] = row % 7;
        lines.push(
          `${stamp()} [valid] Ep. ${epoch} : Up. ${up} : ${metric} : ${value} : stalled ${row % 7} times (last best: ${(next() * 40).toPrecision(6)})`,
        );
      }
    }
    rows.push([up, values]);
  }
  return { text: `${lines.join("\n")}\n`, rows };
}

/** A folder with the logs of some runs, and beside each log its rows. */
function makeLogs(scratch, runs, updates) {
  const folder = join(scratch, `${runs}-runs-of-${updates}`);
  if (existsSync(folder)) return folder;
  mkdirSync(folder);
  for (let run = 1; run <= runs; run += 1) {
    const id = `run-${String(run).padStart(3, "0")}`;
    const { text, rows } = trainingLog(run, updates);
    writeFileSync(join(folder, `${id}.log`), text);
    writeFileSync(join(folder, `${id}${ROWS}`), JSON.stringify(rows));
  }
  return folder;
}

/** The official client's Python, found or installed as the tests do it; or why there is none. */
async function officialPython() {
  // It has its place below the folder it is called in.
  process.chdir(root);
  const file = await bundled("test/wandb/offline/wandb-venv.ts");
  try {
    const { findWandbVenv, wandbEnvironment } = await import(pathToFileURL(file).href);
    return { ...(await findWandbVenv()), wandbEnvironment };
  } finally {
    rmSync(join(file, ".."), { recursive: true, force: true });
  }
}

/** Runs a client against a server of its own and checks what the server holds. */
async function publish({ name, command, environment = {}, faults = [] }, folder) {
  const server = await startWandbServer();
  try {
    const variables = Object.entries({
      WANDB_BASE_URL: server.url,
      WANDB_API_KEY: server.apiKey,
      WANDB_ENTITY: server.entity,
      ...environment,
    });
    const cost = await measure(["env", ...variables.map((pair) => pair.join("=")), ...command(folder)]);
    const requests = await server.ask("requests");
    const held = await server.ask("compare", { project: PROJECT, folder });
    for (const fault of held.faults.slice(0, 5)) console.error(`${name}: ${fault}`);
    faults.push(...held.faults);
    return { ...cost, requests, rows: held.rows };
  } finally {
    await server.close();
  }
}

/** Measures, and returns the lines of tables: what each client takes, then the memory of ours. */
export async function wandbTable({ quick, runs: rounds, programs, show }) {
  const [runs, updates] = quick ? [5, 500] : [50, 2000];
  const { lines, say } = page(show);
  const scratch = mkdtempSync(join(tmpdir(), "bench-wandb-"));
  const logs = (folder) =>
    readdirSync(folder)
      .filter((file) => file.endsWith(".log"))
      .map((file) => join(folder, file));
  const ours = programs.map(({ label, role, folder: checkout }) => ({
    name: `**marian-tracking parse**${label}, CSV written too`,
    role,
    faults: [],
    command: (folder) => [
      process.execPath,
      join(checkout, "bin/run.js"),
      ...["parse", "--quiet", "--wandb-project", PROJECT, "-o", join(scratch, "csv")],
      ...logs(folder),
    ],
  }));
  const client = await bundled("src/wandb/client/index.ts");
  const all = [
    ...ours,
    {
      name: "its W&B client alone, rows from JSON",
      faults: [],
      command: (folder) => [process.execPath, join(root, "bench/wandb.mjs"), "--client", client, folder],
    },
  ];
  const { python, missing, wandbEnvironment } = await officialPython();
  if (python === undefined) console.error(`skipped: wandb 0.31.0 (${missing})`);
  else {
    all.push({
      name: "wandb 0.31.0 (Python), rows from JSON",
      role: "rival",
      faults: [],
      environment: { ...wandbEnvironment(scratch), WANDB_DIR: scratch },
      command: (folder) => [python, join(root, "bench/rivals/wandb_official.py"), PROJECT, folder],
    });
  }
  try {
    say(
      `${runs} runs of ${grouped(updates)} updates, one run after the other, to the stand-in server in a process of its own. Requests: all (GraphQL + rows + uploads).`,
    );
    say("");
    say(
      "| | CPU s | wall s | rows/s (wall) | rows per CPU-s | requests | peak MB | × official (wall) | × before (CPU) | the server holds |",
    );
    say("|---|---:|---:|---:|---:|---:|---:|---:|---:|---|");
    const folder = makeLogs(scratch, runs, updates);
    const costs = await interleaved(
      all.map((one) => () => publish(one, folder)),
      Math.min(rounds, 3),
    );
    for (const [index, cost] of costs.entries()) Object.assign(all[index], cost);
    const over = (role, cost, row) => {
      const other = all.find((one) => one.role === role);
      return other === undefined ? "" : times(other[cost] / row[cost]);
    };
    for (const row of all) {
      const { name, cpu, wall, peak, requests, rows, faults } = row;
      const { graphql, file_stream: stream, upload, total } = requests;
      const verdict =
        faults.length === 0 ? `exactly the ${grouped(rows)} rows` : `NOT the rows: ${faults[0]}`;
      say(
        `| ${name} | ${cpu.toFixed(2)} | ${wall.toFixed(2)} | ${grouped(rows / wall)} | ${grouped(rows / cpu)} | ${grouped(total)} (${graphql} + ${stream} + ${upload}) | ${peak.toFixed(0)} | ${over("rival", "wall", row)} | ${over("before", "cpu", row)} | ${verdict} |`,
      );
    }
    say("");
    say("| `marian-tracking parse --wandb-project`, whole process | CPU s | requests | peak MB |");
    say("|---|---:|---:|---:|");
    const sizes = quick
      ? [
          [1, 500],
          [5, 500],
        ]
      : [
          [10, 2000],
          [50, 2000],
          [1, 2000],
          [1, 20_000],
          [1, 200_000],
          [1, 600_000],
        ];
    for (const [some, many] of sizes) {
      const { cpu, peak, requests } = await publish(ours[0], makeLogs(scratch, some, many));
      const name = some === 1 ? `one run of ${grouped(many)} updates` : `${some} runs of ${grouped(many)}`;
      say(`| ${name} | ${cpu.toFixed(2)} | ${grouped(requests.total)} | ${peak.toFixed(0)} |`);
    }
    return lines;
  } finally {
    rmSync(join(client, ".."), { recursive: true, force: true });
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Our W&B client, bundled, publishes the rows that the official client is given. */
async function publishRows(bundle, folder) {
  const { resolveSettings, WandbClient, WandbRun } = await import(pathToFileURL(bundle).href);
  const client = new WandbClient(resolveSettings());
  for (const file of readdirSync(folder).filter((name) => name.endsWith(ROWS))) {
    const id = basename(file, ROWS);
    const run = await WandbRun.start({ client, project: PROJECT, id });
    let timestamp = Date.UTC(2024, 0, 1) / 1000;
    for (const [step, values] of JSON.parse(readFileSync(join(folder, file), "utf8"))) {
      timestamp += 20;
      await run.history(values, { step, timestamp });
    }
    const { complete, failure, warnings } = await run.finish(0);
    if (!complete) throw new Error(`${id}: ${failure ?? warnings.join("; ")}`);
  }
  await client.close();
}

const at = process.argv.indexOf("--client");
if (at > 0 && import.meta.url === pathToFileURL(process.argv[1] ?? "").href)
  await publishRows(process.argv[at + 1], process.argv[at + 2]);
