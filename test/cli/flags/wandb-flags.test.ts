/** What the flags of W&B make of a training and its task. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { parseLine, StandInServer } from "../../servers/wandb/index.js";
import { check, freshFolder } from "../run-binary.js";
import { runHere } from "../run-here.js";

type Row = Readonly<Record<string, unknown>>;

let server: StandInServer;
let count = 0;
let project = "";

beforeAll(async () => {
  server = await StandInServer.start();
});
afterAll(() => server.close());
beforeEach(() => {
  count += 1;
  project = `task-${count}`;
});

const log = (command: string) =>
  [
    "[2024-03-04 09:00:00] [marian] Marian v1.12.14 2d067af",
    "[2024-03-04 09:00:00] [marian] Running on node as process 1 with command line:",
    `[2024-03-04 09:00:00] [marian] /opt/marian/marian ${command}`,
    "[2024-03-04 09:00:00] [config] seed: 1",
    "[2024-03-04 09:00:00] [config] Model is being created with Marian v1.12.14 2d067af",
    "[2024-03-04 10:00:00] Ep. 1 : Up. 1000 : Sen. 10 : Cost 9",
    "[2024-03-04 10:01:00] Ep. 1 : Up. 2000 : Sen. 20 : Cost 8",
    "",
  ].join("\n");

/** A folder in which a training was started, with its files. */
function taskFolder(): string {
  const folder = freshFolder({});
  const files = {
    "configs/model/student.yml": "dim-emb: 512\n",
    "configs/training/student.train.yml": "after: 20e\n",
    "model/config.opustrainer.yml": "datasets:\n  original: original.tsv\n",
    "model/original.tsv": "a\tb\nc\td\n",
  };
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(folder, name, ".."), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

const environment = (): Record<string, string> => ({
  WANDB_BASE_URL: server.url,
  WANDB_API_KEY: server.apiKey,
});

function sections(id: string): unknown[] {
  const config = parseLine(server.run(project, id).config) as Record<string, { value: unknown }>;
  return ["model", "training", "opustrainer"].map((name) => config[name]?.value);
}

function datasets(id: string): unknown {
  const run = server.run(project, id);
  const { path = "" } = ((parseLine(run.summary) as Row)["Datasets_table"] ?? {}) as { path?: string };
  return JSON.parse(run.uploads.get(path)?.bytes.toString() ?? "null");
}

const KNOWN = [{ "dim-emb": 512 }, { after: "20e" }, { datasets: { original: "original.tsv" } }];
const NOTHING = [null, null, null];
const RELATIVE = "-c configs/model/student.yml configs/training/student.train.yml --model model/model.npz";

describe("the files of a training task", () => {
  test("are read where the training runs in this task, and there only", async () => {
    const folder = taskFolder();
    const publish = (id: string, env: Record<string, string>) =>
      runHere("run", ["parse", "-", "--wandb-project", project, "--wandb-run-name", id], {
        env: { ...environment(), ...env },
        folder,
        stdin: log(RELATIVE),
      });
    check(await publish("task", { TASK_ID: "abc" }), { code: 0, stderr: /2 of 2 rows/ });
    expect(sections("task")).toEqual(KNOWN);
    check(await publish("pipe", { TASK_ID: "" }), { code: 0, stderr: /2 of 2 rows/ });
    expect(sections("pipe")).toEqual(NOTHING);
  });

  test("parse_tc_logs looks for them where parse does", async () => {
    const folder = taskFolder();
    const text = log(RELATIVE);
    writeFileSync(join(folder, "foreign.log"), text);
    const publish = (id: string, source: readonly string[], env: Record<string, string>) =>
      runHere(
        "parse_tc_logs",
        [...source, "--wandb-publication", "--wandb-project", project, "--wandb-run-name", id],
        { env: { ...environment(), ...env }, folder, stdin: text },
      );
    const done = { code: 0, stderr: /2 of 2 rows/ };
    check(await publish("task", ["-s"], { TASK_ID: "abc" }), { ...done, stdout: text });
    expect(sections("task")).toEqual(KNOWN);
    check(await publish("pipe", ["-s"], { TASK_ID: "" }), { ...done, stdout: text });
    expect(sections("pipe")).toEqual(NOTHING);
    check(await publish("foreign", ["-i", "foreign.log"], { TASK_ID: "abc" }), done);
    expect(sections("foreign")).toEqual(NOTHING);
  });

  test("are read for a log in the folder of its model, with the sizes of the datasets", async () => {
    const folder = taskFolder();
    const command = `-c ${folder}/configs/model/student.yml ${folder}/configs/training/student.train.yml --model ${folder}/model/model.npz`;
    writeFileSync(join(folder, "model/train.log"), log(command));
    const args = ["parse", "model/train.log", "--wandb-project", project, "--wandb-run-name", "own"];
    const planned = await runHere("run", [...args, "--dry-run"], { env: environment(), folder });
    check(planned, { code: 0, stdout: /2 to send, 1 table\n {2}table Datasets: new\n/, stderr: "" });
    check(await runHere("run", args, { env: environment(), folder }), { code: 0, stderr: /2 of 2 rows/ });
    expect(sections("own")).toEqual(KNOWN);
    expect(datasets("own")).toEqual({ columns: ["Name", "Count"], data: [["original", 2]] });
    const again = await runHere("run", [...args, "--dry-run"], { env: environment(), folder });
    check(again, { code: 0, stdout: /0 to send, 0 tables\n {2}table Datasets: unchanged\n/, stderr: "" });
  });

  test("are not picked up by a log from elsewhere, also inside a task", async () => {
    const folder = taskFolder();
    writeFileSync(join(folder, "foreign.log"), log(RELATIVE));
    const args = ["parse", "foreign.log", "--wandb-project", project];
    const env = { ...environment(), TASK_ID: "abc" };
    check(await runHere("run", args, { env, folder }), { code: 0, stderr: /2 of 2 rows/ });
    expect(sections("foreign")).toEqual(NOTHING);
  });
});
