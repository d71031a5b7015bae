/** What a transport to W&B should do, each with its measurement. The rows of the table. */
import { readFile } from "node:fs/promises";
import { isDeepStrictEqual } from "node:util";
import { vi } from "vitest";
import type { Evaluation } from "../../../src/evaluation/evaluation.js";
import { publishEvaluationRun } from "../../../src/wandb/evaluation-run.js";
import { publishGroupLogs } from "../../../src/wandb/group-logs.js";
import { OfflineReader } from "../../../src/wandb/offline/offline-reader.js";
import { findTransactionLogs } from "../../../src/wandb/offline/run-directory.js";
import { type Fault, parseLine } from "../../servers/wandb/index.js";
import {
  ARTIFACT_FILE,
  costOf,
  LINES,
  logFile,
  ROWS,
  RUN,
  running,
  START,
  sendRows,
  TABLE,
  trainingText,
  wholeRun,
} from "./sample.js";
import { Stage, type TransportName } from "./transports.js";

/** Whether a transport does something, found out by doing it against the stand-in server. */
export type Measurement = (transport: TransportName) => Promise<boolean>;

type Row = Readonly<Record<string, unknown>>;

const STEPS = ROWS.map(({ step }) => step);

/** The requirements, in the order of the table. */
export const REQUIREMENTS = {
  "Each row stands at the step of the training": async (transport) =>
    isDeepStrictEqual(
      (await trainingRows(transport)).map(({ _step }) => _step),
      STEPS,
    ),
  "All values of a step are in one row": async (transport) => {
    const rows = (await history(transport)).filter(({ _step }) => _step === ROWS[0]?.step);
    return rows.length === 1 && hasValues(rows[0], ROWS[0]?.values);
  },
  "Rows have the times of the log": async (transport) =>
    isDeepStrictEqual(
      (await trainingRows(transport)).map(({ _timestamp, _runtime }) => [_timestamp, _runtime]),
      ROWS.map(({ runtime }) => [START + runtime, runtime]),
    ),
  "NaN and infinities stay what they are": async (transport) =>
    hasValues((await history(transport))[1], ROWS[1]?.values),
  "The run has its group": async (transport) => (await run(transport)).group === RUN.group,
  "The run has its tags": async (transport) => isDeepStrictEqual((await run(transport)).tags, RUN.tags),
  "The run has its configuration": async (transport) => {
    const config = parseLine((await run(transport)).config) as Record<string, Row>;
    return Object.entries(RUN.config).every(([key, value]) =>
      isDeepStrictEqual(config[key]?.["value"], value),
    );
  },
  "The summary has the last value of each key": async (transport) =>
    hasValues(parseLine((await run(transport)).summary) as Row, { cost: 2.5, chrf: 21.5 }),
  "Tables can be read back": async (transport) => {
    const { visible, uploads } = await run(transport);
    const name = [...visible].find((file) => file.startsWith("media/table/Datasets_table"));
    const text = name === undefined ? undefined : uploads.get(name)?.bytes.toString();
    const reference = (await history(transport)).map((row) => row["Datasets_table"] as Row | undefined);
    const linked = reference.some((value) => value?.["path"] === name);
    return text !== undefined && linked && isDeepStrictEqual(JSON.parse(text), TABLE);
  },
  "A table joins the last row and adds none": async (transport) => {
    const rows = await history(transport);
    return rows.length === ROWS.length && rows.at(-1)?.["Datasets_table"] !== undefined;
  },
  "Bar charts are shown": async (transport) => {
    const config = parseLine((await run(transport)).config) as Record<string, { value?: Row }>;
    const charts = config["_wandb"]?.value?.["visualize"] as Row | undefined;
    return charts?.["Datasets"] !== undefined;
  },
  "A folder becomes an artifact": async (transport) => {
    const { stage } = await wholeRun(transport);
    const artifact = stage.server.store.artifacts.find(({ collection }) => collection === "logs");
    const bytes = artifact?.files.get(ARTIFACT_FILE.name)?.bytes;
    return artifact?.state === "COMMITTED" && bytes?.toString() === ARTIFACT_FILE.text;
  },
  "The log is the run's console log": async (transport) => {
    const { lines } = await run(transport);
    const console = lines["output.log"];
    return console.length === LINES.length && LINES.every((text, index) => console[index]?.endsWith(text));
  },
  "A run that ended well is finished, one that failed is failed": async (transport) => {
    const stage = await Stage.open(transport);
    const opened = await stage.start(RUN);
    await sendRows(opened);
    await opened.finish(1);
    await stage.deliver();
    const failed = stage.server.run(RUN.project, RUN.id);
    const ended = await run(transport);
    return ended.state === "finished" && failed.state === "failed" && failed.exitCode === 1;
  },
  "SIGTERM and SIGINT stay with the program": async (transport) => {
    const { handlers, signals, stage } = await wholeRun(transport);
    // The rows behind the signal are there: it ended nothing that the program had not ended.
    const whole = (await trainingRows(transport)).length === ROWS.length;
    const { state } = stage.server.run(RUN.project, RUN.id);
    return handlers.during === 0 && handlers.after === 0 && signals === 1 && whole && state === "finished";
  },
  "A log published twice gives the same rows, once": async (transport) => {
    const stage = await Stage.open(transport);
    const log = logFile(trainingText(1, 4));
    await stage.publish(log);
    await stage.publish(log);
    return holdsTraining(stage, 4);
  },
  "12,000 rows at once arrive": async (transport) => {
    const stage = await Stage.open(transport);
    const opened = await stage.start(RUN);
    const steps = Array.from({ length: 12_000 }, (_, index) => index + 1);
    for (const step of steps) await opened.run.history({ cost: step }, { step, timestamp: START + step });
    await opened.finish(0);
    await stage.deliver();
    const rows = stage.server.history(RUN.project, RUN.id);
    return isDeepStrictEqual(
      rows.map(({ _step }) => _step),
      steps,
    );
  },
  "A longer log adds its new rows": async (transport) => {
    const stage = await Stage.open(transport);
    await stage.publish(logFile(trainingText(1, 4)));
    await stage.publish(logFile(trainingText(1, 6)));
    return holdsTraining(stage, 6);
  },
  "A training that goes on appends to its run": async (transport) => {
    const stage = await Stage.open(transport);
    await stage.publish(running(trainingText(1, 4)));
    await stage.publish(running(trainingText(5, 9)));
    return holdsTraining(stage, 9);
  },
  "Evaluations are tables with charts": async (transport) => {
    const stage = await Stage.open(transport);
    await stage.publish(logFile(trainingText(1, 4)), [EVALUATION]);
    return holdsTraining(stage, 4) && holdsEvaluation(stage);
  },
  "Evaluations join a training that is there": async (transport) => {
    const stage = await Stage.open(transport);
    await stage.publish(logFile(trainingText(1, 4)));
    await publishEvaluationRun({ ...stage.place, id: "student", evaluations: [EVALUATION] });
    await stage.deliver();
    return holdsTraining(stage, 4) && holdsEvaluation(stage);
  },
  "The run of a group has its table": async (transport) => {
    const stage = await Stage.open(transport);
    await publishGroup(stage, EVALUATION);
    return isDeepStrictEqual(groupModels(stage), ["student"]);
  },
  "The table of a group keeps the rows of others": async (transport) => {
    const stage = await Stage.open(transport);
    await publishGroup(stage, EVALUATION);
    await publishGroup(stage, { ...EVALUATION, run: "teacher-1" });
    return isDeepStrictEqual(groupModels(stage), ["student", "teacher-1"]);
  },
  "A row can be shown before its update is over": async (transport) => {
    const stage = await Stage.open(transport);
    const opened = await stage.start(RUN);
    const position = { step: 1, timestamp: START };
    opened.run.show?.([{ values: { cost: 9 }, position }]);
    await opened.run.history({ cost: 9, chrf: 50 }, position);
    await opened.finish(0);
    await stage.deliver();
    const rows = stage.server.history(RUN.project, RUN.id);
    return opened.run.show !== undefined && rows.length === 1 && hasValues(rows[0], { cost: 9, chrf: 50 });
  },
  "An answer of 503 loses no row": (transport) => survives(transport, { kind: "status", status: 503 }),
  "An answer of 429 loses no row": (transport) =>
    survives(transport, { kind: "status", status: 429, retryAfter: "1" }),
  "A dropped connection loses no row": async (transport) =>
    (await survives(transport, { kind: "drop" })) && (await survives(transport, { kind: "drop-answer" })),
  "A loss is counted, not hidden": async (transport) => {
    const { stage, outcome } = await injured(transport, { kind: "status", status: 503 }, 1);
    await stage.deliver();
    const arrived = stage.server.history(RUN.project, RUN.id).length === ROWS.length;
    const kept = (await offlineSteps(stage)).length === ROWS.length;
    return arrived || kept || (!outcome.complete && outcome.rows.acknowledged === 0);
  },
  "While the server takes nothing, every row is kept in a file": async (transport) => {
    const { stage } = await injured(transport, { kind: "status", status: 503 }, Infinity);
    return isDeepStrictEqual(await offlineSteps(stage), STEPS);
  },
  "The API key is in nothing that is printed or kept": async (transport) => {
    const { stage, outcome, output } = await injured(transport, { kind: "drop" }, 1);
    const texts = [
      ...output,
      ...stage.printed,
      ...(await recordBytes(stage)),
      JSON.stringify(outcome),
      JSON.stringify(process.env),
    ];
    return texts.every((text) => !text.includes(stage.server.apiKey));
  },
} as const satisfies Readonly<Record<string, Measurement>>;

async function run(transport: TransportName) {
  const { stage } = await wholeRun(transport);
  return stage.server.run(RUN.project, RUN.id);
}

async function history(transport: TransportName): Promise<readonly Row[]> {
  const { stage } = await wholeRun(transport);
  return stage.server.history(RUN.project, RUN.id);
}

/** Without rows that a table may have added. */
async function trainingRows(transport: TransportName): Promise<readonly Row[]> {
  return (await history(transport)).filter((row) => "cost" in row);
}

function hasValues(row: Row | undefined, values: Row | undefined): boolean {
  return Object.entries(values ?? {}).every(([key, value]) => Object.is(row?.[key], value));
}

/** Whether the published training is there from its first update to this one, each once. */
function holdsTraining({ server }: Stage, updates: number): boolean {
  const rows = server.history("cs-en", "student").map(({ _step, cost }) => [_step, cost]);
  const wanted = Array.from({ length: updates }, (_, index) => [index + 1, costOf(index + 1)]);
  return isDeepStrictEqual(rows, wanted);
}

const EVALUATION: Evaluation = {
  run: "student",
  importer: "flores",
  dataset: "devtest",
  augmentation: null,
  metrics: new Map([["chrf", 58.4]]),
  source: "",
};

/** Whether the published training has its evaluation, as a table and as a chart. */
function holdsEvaluation({ server }: Stage): boolean {
  const { config, summary } = server.run("cs-en", "student");
  const charts = (parseLine(config) as Record<string, { value?: Row }>)["_wandb"]?.value?.["visualize"];
  const table = (parseLine(summary) as Row)["flores_devtest_table"] as Row | undefined;
  return (charts as Row | undefined)?.["flores_devtest"] !== undefined && table?.["nrows"] === 1;
}

async function publishGroup(stage: Stage, evaluation: Evaluation): Promise<void> {
  const group = { group: "exp_G", suffix: "_G", evaluations: [evaluation] };
  await publishGroupLogs({ ...stage.place, ...group });
  await stage.deliver();
}

/** The models in the table of the group. */
function groupModels({ server }: Stage): unknown[] {
  const { summary, uploads } = server.run("cs-en", "group_logs_G");
  const { path = "" } = ((parseLine(summary) as Row)["metrics"] ?? {}) as { readonly path?: string };
  const { data = [] } = JSON.parse(uploads.get(path)?.bytes.toString() ?? "{}") as {
    readonly data?: readonly (readonly unknown[])[];
  };
  return data.map(([, model]) => model);
}

/** Publishes the sample's rows while requests that carry rows fail. */
async function injured(transport: TransportName, fault: Fault, times: number) {
  const stage = await Stage.open(transport);
  stage.server.inject({ endpoint: "file_stream", fault, times });
  const written = [
    vi.spyOn(process.stdout, "write").mockReturnValue(true),
    vi.spyOn(process.stderr, "write").mockReturnValue(true),
  ];
  try {
    const opened = await stage.start(RUN);
    await sendRows(opened);
    const outcome = await opened.finish(0);
    return {
      stage,
      outcome,
      output: written.flatMap(({ mock }) => mock.calls.map(([text]) => String(text))),
    };
  } finally {
    for (const spy of written) spy.mockRestore();
  }
}

async function survives(transport: TransportName, fault: Fault): Promise<boolean> {
  const { stage } = await injured(transport, fault, 1);
  await stage.deliver();
  const rows = stage.server.history(RUN.project, RUN.id);
  return isDeepStrictEqual(
    rows.map(({ _step }) => _step),
    STEPS,
  );
}

/** Steps of the rows that are in the offline file. */
async function offlineSteps({ dir }: Stage): Promise<number[]> {
  const steps: number[] = [];
  for (const file of await findTransactionLogs(dir))
    for await (const event of await OfflineReader.open(file))
      if (event.kind === "history") steps.push(event.step ?? -1);
  return steps;
}

async function recordBytes({ dir }: Stage): Promise<string[]> {
  const files = await findTransactionLogs(dir);
  return Promise.all(files.map((file) => readFile(file, "latin1")));
}
