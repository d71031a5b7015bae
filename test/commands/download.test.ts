import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openArchive } from "../../src/archive/archive.js";
import type { Group } from "../../src/archive/group.js";
import { LOCAL_FILES, readGroup } from "../../src/archive/read-group.js";
import { readYaml, writeYaml } from "../../src/run/yaml.js";
import { ArtifactStore } from "../../src/taskcluster/artifact-store.js";
import { readGroups } from "../../src/taskcluster/group.js";
import { check, filesBelow } from "../cli/run-binary.js";
import { setting } from "../cli/taskcluster.js";
import { sharedIsThere } from "../golden/shared.js";
import { sharedGroup } from "../servers/taskcluster/index.js";
import { queueFor } from "../taskcluster/client/harness.js";
import { IDS } from "../taskcluster/client/ids.js";

/** What a group says, wherever it was read. */
function facts({ project, name, suffix, config, runs, evaluations }: Group) {
  const scores = (list: Group["evaluations"]) =>
    list.map(({ source: _, metrics, ...rest }) => JSON.stringify([rest, [...metrics]])).sort();
  const named = runs.map(
    (run) => [run.id, run.name, run.log !== undefined, scores(run.evaluations)] as const,
  );
  return {
    project,
    name,
    suffix,
    config,
    runs: named.sort(([one], [other]) => (one < other ? -1 : 1)),
    evaluations: scores(evaluations),
  };
}

/** A log of some updates. */
const updates = (count: number) =>
  Array.from(
    { length: count },
    (_, at) =>
      `[2026-11-24 10:00:${10 + at}] Ep. 1 : Up. ${at + 1} : Sen. 70 : Cost 2.5 : Time 1.00s : 9.00 words/s\n`,
  ).join("");

describe("download", () => {
  it("makes an archive of a group, and says what is missing", async () => {
    const { server, options, run } = await setting({ trainLog: Buffer.from("the log\n") });
    server.setContent(IDS.student, 0, "public/build/config.opustrainer.yml", "stages: [start]\n");
    const downloaded = await run("download", IDS.fjord, "-o", "out");
    check(downloaded, {
      code: 1,
      stderr:
        /^wrote 11 files of 1 group to out\nwarning: .*\n.*ERROR evaluate-student-url-gcp_harbour-nb-en/s,
    });
    const place = `nb-en/fjord_${IDS.fjord}`;
    const files = filesBelow(join(options.folder, "out"));
    expect(files).toEqual([
      `experiments/${place}/config.yml`,
      `logs/${place}/student/config.opustrainer.yml`,
      `logs/${place}/student/train.log`,
      `logs/${place}/student/valid.log`,
      `logs/${place}/teacher-1/train.log`,
      `logs/${place}/teacher-1/valid.log`,
      `models/${place}/evaluation/backwards/flores_devtest.metrics.json`,
      `models/${place}/evaluation/student/sacrebleu_wmt19.metrics.json`,
      `models/${place}/evaluation/teacher-1/flores_aug-mix_devtest.metrics.json`,
      `models/${place}/evaluation/teacher-1/flores_devtest.metrics.json`,
      `models/${place}/evaluation/teacher-ensemble/flores_devtest.metrics.json`,
    ]);
    const text = (path: string) => readFileSync(join(options.folder, "out", path), "utf8");
    expect(text(`logs/${place}/student/train.log`)).toBe("the log\n");
    expect(text(`logs/${place}/student/config.opustrainer.yml`)).toBe("stages: [start]\n");
    expect(text(`models/${place}/evaluation/teacher-1/flores_devtest.metrics.json`)).toBe(
      server.content(IDS.evaluation, 0, "public/build/devtest.metrics.json").toString(),
    );
    expect(text(`experiments/${place}/config.yml`)).toMatch(/^experiment:\n {2}name: fjord\n/);
  });

  it("names the place that can't be written to", async () => {
    const { options, run } = await setting();
    writeFileSync(join(options.folder, "taken"), "a file");
    const refused = await run("download", IDS.fjord, "-o", "taken");
    check(refused, { code: 1, stderr: /taken\S* can't be made: .*file/ });
  });

  it("replaces what is there, asks the queue for little the next time, and takes related groups on request", async () => {
    const { server, options, run } = await setting();
    await run("download", IDS.fjord, "-o", "out");
    const place = join(options.folder, `out/logs/nb-en/fjord_${IDS.fjord}/student/train.log`);
    const before = readFileSync(place, "utf8");
    writeFileSync(place, "old");
    const requests = server.count();
    const again = await run("download", IDS.fjord, "-o", "out", "--json");
    expect(again.code).toBe(1);
    // The configuration, the list, and the live log of the training that runs.
    expect(server.count() - requests).toBe(3);
    expect(readFileSync(place, "utf8")).toBe(before);
    const { folder, files, problems } = JSON.parse(again.stdout);
    expect(folder).toBe("out");
    expect(files).toContainEqual({
      path: `logs/nb-en/fjord_${IDS.fjord}/student/train.log`,
      source: `${IDS.student}/0/public/build/train.log`,
    });
    expect(problems.filter(({ severity }: { severity: string }) => severity === "failure")).toHaveLength(1);
    const related = await run(
      "download",
      IDS.fjord,
      "-o",
      "all",
      "--depth",
      "2",
      "--only",
      "training",
      "--quiet",
    );
    check(related, { code: 0 });
    expect(filesBelow(join(options.folder, "all")).filter((path) => path.endsWith("train.log"))).toEqual([
      `logs/en-nb/brook_${IDS.brook}/teacher-2/train.log`,
      `logs/nb-en/coast_${IDS.coast}/backwards/train.log`,
      `logs/nb-en/fjord_${IDS.fjord}/finetune-student/train.log`,
      `logs/nb-en/fjord_${IDS.fjord}/student/train.log`,
      `logs/nb-en/fjord_${IDS.fjord}/teacher-1/train.log`,
    ]);
    check(await run("download", IDS.fjord, "-o", "done", "--finished-only", "--only", "training", "-q"), {
      code: 0,
    });
    expect(filesBelow(join(options.folder, "done"))).not.toContainEqual(expect.stringMatching(/finetune/));
  });

  it("takes the log of a running training up to now, marks it, and gets the whole one later", async () => {
    const { server, options, run } = await setting({ trainLog: Buffer.from(updates(2)) });
    const live = server.live(IDS.teacher2);
    live.append(updates(3));
    const args = ["download", IDS.fjord, "-o", "out", "--only", "training"];
    const path = `logs/nb-en/fjord_${IDS.fjord}/teacher-2/train.log`;
    const text = () => readFileSync(join(options.folder, "out", path), "utf8");
    const first = await run(...args);
    check(first, { code: 0, stderr: /; 1 log of running trainings up to now\n/ });
    expect(first.stderr).toMatch(/warning: train-teacher-model-nb-en-2.*: still running/);
    expect(text()).toBe(updates(3));
    const marked = JSON.parse((await run(...args, "--json")).stdout).files;
    expect(marked).toContainEqual(expect.objectContaining({ path, unfinished: "running" }));
    const { status } = server.store.task(IDS.teacher2);
    status.state = "completed";
    const [last] = status.runs;
    if (last !== undefined) Object.assign(last, { state: "completed", reasonResolved: "completed" });
    server.setContent(IDS.teacher2, 0, "public/build/train.log", updates(5));
    const second = await run(...args);
    expect(second.stderr).not.toContain("running trainings");
    expect(text()).toBe(updates(5));
  });

  it("stays in its folder whatever the experiment is called", async () => {
    const { server, options, run } = await setting();
    const action = server.store.actions.get(IDS.coast);
    const input = { experiment: { name: "../../../evil", src: "..", trg: "/etc" } };
    if (action !== undefined)
      server.store.actions.set(IDS.coast, {
        ...action,
        extra: { action: { context: { input } } },
      } as typeof action);
    Object.assign(server.store.task("AD4hhhO_RQGhE2Qx7BbUGg").definition.tags, { label: "../train-../x" });
    expect((await run("download", IDS.coast, "-o", "out")).code).toBe(0);
    const outside = filesBelow(options.folder).filter((path) => !/^(?:cache|out)\//.test(path));
    expect(outside).toEqual([]);
    const files = filesBelow(join(options.folder, "out"));
    expect(files).toHaveLength(4);
    for (const path of files)
      expect(path).toMatch(/^(?:experiments|logs|models)\/__-_etc\/___\.\._\.\._evil_J2Xox/);
  });

  it("says when the output can't be written, and what was asked for wrongly", async () => {
    const { options, run } = await setting();
    writeFileSync(join(options.folder, "file"), "");
    check(await run("download", IDS.coast, "-o", "file"), {
      code: 1,
      stderr:
        /wrote 0 files .*ERROR configuration: a part of its path is a file|ERROR .*(?:ENOTDIR|circle|path)/s,
    });
    check(await run("download", IDS.coast), {
      code: 2,
      stderr: /Missing required flag --output-dir/,
    });
    check(await run("download", IDS.unknown, "-o", "out"), { code: 1, stderr: /is not there/ });
  });
});

describe("an archive that was downloaded", () => {
  it.each([
    "fjord",
    ...(sharedIsThere ? (["small-ru-en", "en-ru-2023", "large-lt-en"] as const) : []),
  ] as const)("says the same as the group: %s", async (name) => {
    const data = name === "fjord" ? undefined : sharedGroup(name);
    const { server, options, run } = await setting(data === undefined ? {} : { groups: [data] });
    const groupId = data?.group.taskGroupId ?? IDS.fjord;
    await run("download", groupId, "-o", "out", "--quiet");
    const archive = await openArchive(join(options.folder, "out"));
    const queue = queueFor(server);
    const read = await readGroups(groupId, {
      queue,
      store: new ArtifactStore(queue, { folder: undefined }),
      depth: 0,
    });
    const [group] = read.groups;
    const [files] = archive.groups;
    if (group === undefined || files === undefined) throw new Error("no group");
    expect(facts(await readGroup(files, LOCAL_FILES))).toEqual(facts(group));
    await archive.close();
  });
});

describe("a configuration as YAML", () => {
  it("is read back as it was, by the rules of PyYAML", () => {
    const config = {
      text: [
        "no",
        "y",
        "1e-09",
        "1_000",
        "12:30",
        "0777",
        "2026-01-01",
        "null",
        "~",
        "",
        " x ",
        "a: b",
        "#",
        "'",
        '"',
        "é\n2",
      ],
      numbers: [0, -1, 1.5, 0.0003, 1e21],
      others: [true, false, null, [], {}],
      "a key: with # all": { "": 1 },
    };
    expect(readYaml(writeYaml(config))).toEqual({ value: config });
  });
});
