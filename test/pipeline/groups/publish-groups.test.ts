import { appendFile, copyFile, mkdtemp, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Group, GroupRun } from "../../../src/archive/group.js";
import { fileSource } from "../../../src/archive/input-source.js";
import type { Evaluation } from "../../../src/evaluation/evaluation.js";
import type { Source } from "../../../src/io/source.js";
import { Ledger } from "../../../src/pipeline/groups/ledger.js";
import {
  type GroupsRequest,
  type GroupTarget,
  publishGroups,
  type RunReceipt,
} from "../../../src/pipeline/groups/publish-groups.js";

const LINE =
  "[2026-01-01 10:00:00] Ep. 1 : Up. 100 : Sen. 1,000 : Cost 5.5 : Time 10.00s : 100.00 words/s : gNorm 1.5\n";
const evaluation: Evaluation = {
  run: "student",
  importer: "flores",
  dataset: "devtest",
  augmentation: null,
  metrics: new Map([["bleu_detok", 30.5]]),
  source: "flores_devtest.metrics",
};

let folder: string;
let ledger: Ledger;
let calls: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "groups-"));
  ledger = await Ledger.open(join(folder, "ledger.ndjson"));
  calls = [];
});

afterEach(() => ledger.close());

/** Notes its calls; `fail` says which run's publication is not acknowledged. */
function target(fail: (id: string) => boolean = () => false): GroupTarget {
  const outcome = (id: string) => {
    calls.push(id);
    return { outputs: [], ...(fail(id) ? { undelivered: "3 rows did not reach the server" } : {}) };
  };
  return {
    place: "http://127.0.0.1/me",
    facts: [],
    training: (_group, run) => ({
      name: "W&B",
      publish: async () => {},
      close: async () => outcome(run.id),
      discard: async () => {},
    }),
    evaluations: async (run) => outcome(run.id),
    groupLogs: async (group) => outcome(`group_logs${group.suffix}`),
    preview: async () => ({ rows: 1, held: 0, sent: 1, tables: [], notes: [] }),
  };
}

async function log(name: string, text = LINE): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

async function training(model: string, text?: string): Promise<GroupRun> {
  return {
    name: model,
    id: `${model}_abcde`,
    log: fileSource(await log(`${model}.log`, text)),
    evaluations: [],
  };
}

function group(runs: readonly GroupRun[], more: Partial<Group> = {}): Group {
  const evaluations = runs.flatMap((run) => run.evaluations);
  return {
    project: "en-hu",
    name: "base_abcdef",
    suffix: "_abcde",
    runs,
    evaluations,
    problems: [],
    ...more,
  };
}

async function publish(
  groups: readonly Group[],
  request: Partial<GroupsRequest> = {},
): Promise<Map<string, RunReceipt>> {
  const receipts = await publishGroups(
    (async function* () {
      yield* groups;
    })(),
    {
      target: target(),
      ledger,
      parser: {},
      again: false,
      dryRun: false,
      signal: new AbortController().signal,
      atOnce: 2,
      ...request,
    },
  );
  return new Map(receipts.flatMap(({ runs }) => runs).map((receipt) => [receipt.run, receipt]));
}

const states = (receipts: Map<string, RunReceipt>) =>
  Object.fromEntries([...receipts].map(([run, { state }]) => [run, state]));

test("trainings, models with evaluations only and the run of the group; the second time nothing is sent", async () => {
  const groups = [
    group([
      { ...(await training("student")), evaluations: [evaluation] },
      { name: "quantized", id: "quantized_abcde", evaluations: [{ ...evaluation, run: "quantized" }] },
    ]),
  ];
  const fresh = { student_abcde: "new", quantized_abcde: "new", group_logs_abcde: "new" };
  const first = await publish(groups);
  expect(states(first)).toEqual(fresh);
  expect(first.get("student_abcde")?.log?.counts.training).toBe(1);
  expect(calls.toSorted()).toEqual(["group_logs_abcde", "quantized_abcde", "student_abcde"]);
  expect(calls.at(-1)).toBe("group_logs_abcde");
  calls = [];
  await ledger.close();
  ledger = await Ledger.open(ledger.path);
  expect(new Set(Object.values(states(await publish(groups))))).toEqual(new Set(["unchanged"]));
  expect(calls).toEqual([]);
  expect(states(await publish(groups, { again: true }))).toEqual(fresh);
});

test("a changed log is published again, one with a new time alone is not", async () => {
  const student = await training("student");
  const teacher = await training("teacher-1");
  await publish([group([student, teacher])]);
  calls = [];
  await appendFile(student.log?.name ?? "", LINE.replace("Up. 100", "Up. 200"));
  await utimes(teacher.log?.name ?? "", 1, 1);
  const now = [student, teacher].map((run) => ({ ...run, log: fileSource(run.log?.name ?? "") }));
  expect(states(await publish([group(now)]))).toMatchObject({
    student_abcde: "changed",
    "teacher-1_abcde": "unchanged",
  });
  expect(calls).toEqual(["student_abcde"]);
});

test("a changed evaluation changes its run and the run of the group", async () => {
  const student = await training("student");
  const other = await training("teacher-1");
  const scored = (bleu: number) => ({
    ...student,
    evaluations: [{ ...evaluation, metrics: new Map([["bleu_detok", bleu]]) }],
  });
  await publish([group([scored(30), other])]);
  expect(states(await publish([group([scored(31), other])]))).toEqual({
    student_abcde: "changed",
    "teacher-1_abcde": "unchanged",
    group_logs_abcde: "changed",
  });
});

test("what was not acknowledged is not in the ledger and is sent again", async () => {
  const groups = [group([await training("student"), await training("teacher-1")])];
  const failing = target((id) => id !== "teacher-1_abcde");
  const first = await publish(groups, { target: failing });
  expect(states(first)).toEqual({
    student_abcde: "undelivered",
    "teacher-1_abcde": "new",
    group_logs_abcde: "undelivered",
  });
  expect(first.get("group_logs_abcde")?.errors).toEqual(["W&B: 3 rows did not reach the server"]);
  expect(states(await publish(groups))).toEqual({
    student_abcde: "new",
    "teacher-1_abcde": "unchanged",
    group_logs_abcde: "new",
  });
});

test("a log that holds nothing, or is not there, fails alone; its second time sends nothing and says the same", async () => {
  const gone = { ...(await training("teacher-1")), log: fileSource(join(folder, "gone.log")) };
  const groups = [group([await training("student", "no Marian here\n"), gone, await training("backwards")])];
  const expected = {
    student_abcde: "failed",
    "teacher-1_abcde": "failed",
    backwards_abcde: "new",
    group_logs_abcde: "new",
  };
  const first = await publish(groups);
  expect(states(first)).toEqual(expected);
  expect(first.get("teacher-1_abcde")?.errors).toEqual(["there is no such file"]);
  const second = await publish(groups);
  expect(states(second)).toEqual({
    ...expected,
    backwards_abcde: "unchanged",
    group_logs_abcde: "unchanged",
  });
  expect(second.get("student_abcde")?.errors).toEqual(first.get("student_abcde")?.errors);
});

test("a dry run says what would be done and does none of it", async () => {
  const student = await training("student");
  await publish([group([student])]);
  calls = [];
  const groups = [group([student, await training("teacher-1"), await training("backwards", "nothing\n")])];
  const dry = await publish(groups, { dryRun: true });
  expect(states(dry)).toEqual({
    student_abcde: "unchanged",
    "teacher-1_abcde": "new",
    backwards_abcde: "failed",
    group_logs_abcde: "unchanged",
  });
  expect(dry.get("teacher-1_abcde")?.preview).toMatchObject({ rows: 1, sent: 1 });
  expect(dry.get("teacher-1_abcde")?.log?.counts.training).toBe(1);
  expect(calls).toEqual([]);
  expect(states(await publish(groups))["teacher-1_abcde"]).toBe("new");
});

test("only trainings, only evaluations", async () => {
  const groups = [
    group([
      await training("student"),
      { name: "quantized", id: "quantized_abcde", evaluations: [evaluation] },
    ]),
  ];
  expect(Object.keys(states(await publish(groups, { only: "training" })))).toEqual(["student_abcde"]);
  expect(Object.keys(states(await publish(groups, { only: "evaluations" })))).toEqual([
    "quantized_abcde",
    "group_logs_abcde",
  ]);
});

test("after a signal no further run begins, and what was begun is not in the ledger", async () => {
  const controller = new AbortController();
  const stopping: GroupTarget = {
    ...target(),
    training: (_group, run) => {
      controller.abort();
      return target().training(_group, run, fileSource("x"), {} as never);
    },
  };
  const groups = [
    group([await training("student"), await training("teacher-1"), await training("backwards")]),
  ];
  const receipts = await publish(groups, { target: stopping, signal: controller.signal, atOnce: 1 });
  expect(new Set(Object.values(states(receipts)))).toEqual(new Set(["stopped"]));
  expect(states(await publish(groups))).toMatchObject({ student_abcde: "new", backwards_abcde: "new" });
});

test("a log that grows while it is read is not kept as done", async () => {
  const path = await log("grows.log");
  const file = fileSource(path);
  const source: Source = {
    name: file.name,
    get changed() {
      return file.changed === true;
    },
    async *chunks() {
      yield* file.chunks();
      // The training goes on as soon as its log has been read.
      await appendFile(path, LINE.replace("Up. 100", "Up. 200"));
    },
  };
  const run: GroupRun = { name: "student", id: "student_abcde", log: source, evaluations: [] };
  async function* groups() {
    yield group([run]);
  }
  const request: GroupsRequest = {
    target: target(),
    ledger,
    parser: {},
    again: false,
    dryRun: false,
    signal: new AbortController().signal,
    atOnce: 1,
  };
  const [receipt] = await publishGroups(groups(), { ...request, only: "training" });
  expect(receipt?.runs[0]?.state).toBe("new");
  expect(receipt?.runs[0]?.isGrowing).toBe(true);
  const entries = await Ledger.open(join(folder, "ledger.ndjson"));
  expect(
    entries.get(JSON.stringify(["http://127.0.0.1/me", "en-hu", "base_abcdef", "student_abcde"])),
  ).toBeUndefined();
});

test("what the ledger of an earlier version knows is not sent again", async () => {
  const earlier = new URL("../../../fixtures/earlier/", import.meta.url);
  const [path, copy] = [join(folder, "train.log"), join(folder, "earlier.ndjson")];
  await copyFile(new URL("train.log", earlier), path);
  await copyFile(new URL("ledger.ndjson", earlier), copy);
  const run: GroupRun = { name: "student", id: "student_Abcde", log: fileSource(path), evaluations: [] };
  const name = { name: "exp1_Abcdefghijklmnopqrstuv", suffix: "_Abcde" };
  const known = await Ledger.open(copy);
  // The command's target has the tags as its facts.
  const command = { ...target(), place: "http://127.0.0.1:8080 me", facts: [[]] };
  const request = { target: command, ledger: known, only: "training" } as const;
  expect(states(await publish([group([run], name)], request))).toEqual({ student_Abcde: "unchanged" });
  await appendFile(path, LINE);
  const grown = { ...run, log: fileSource(path) };
  expect(states(await publish([group([grown], name)], request))).toEqual({ student_Abcde: "changed" });
  expect(calls).toEqual(["student_Abcde"]);
  await known.close();
});
