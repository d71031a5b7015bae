/** `plan` as a user runs it. */
import { readdirSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { check, freshFolder, result } from "../cli/run-binary.js";
import { runHere } from "../cli/run-here.js";
import { GROUP, scaleArchive } from "../cli/scale-archive.js";
import { ObjectServer } from "../servers/objects/server.js";

const plan = (folder: string, args: readonly string[], env = {}) =>
  runHere("run", ["plan", ...args], { folder, env });

describe("plan", () => {
  test("lists every run once, in an order of its own, and reads no log", async () => {
    const folder = freshFolder(scaleArchive());
    const done = await plan(folder, ["archive", "-o", "deep/manifest.ndjson"]);
    check(done, { code: 0, stderr: /17 runs, 17 logs \(/ });
    const runs = result(done, "deep/manifest.ndjson")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(runs.map(({ group, name }) => `${group} ${name}`)).toContain(`${GROUP} quantized`);
    const log = join(folder, "archive/models/en-hu/snake/student/train.log");
    const student = runs.find(({ run_id: id }) => id === "student_snake");
    expect(student).toMatchObject({ project: "en-hu", group: "snake", name: "student", evaluations: [] });
    expect(student.files.map(({ uri }: { uri: string }) => uri)).toEqual([
      log,
      log.replace("train", "valid"),
    ]);
    expect(student.files[0].size).toBe(readFileSync(log).length);
    const teacher = runs.find(({ name }) => name === "teacher-1");
    expect(Object.keys(teacher)).toEqual([
      "run_id",
      "project",
      "group",
      "name",
      "files",
      "evaluations",
      "config",
      "logs",
    ]);
    expect(teacher.evaluations).toHaveLength(2);
    const again = await plan(folder, ["archive", "-q"]);
    expect(again.stdout).toBe(result(done, "deep/manifest.ndjson"));
  });

  test("etags tell a file that has changed, by its size or its time", async () => {
    const folder = freshFolder(scaleArchive());
    const log = join(folder, "archive/models/en-hu/snake/student/train.log");
    const etag = async () => {
      const { stdout } = await plan(folder, ["archive", "-q", "--filter", "snake/student"]);
      return JSON.parse(stdout).files[0].etag;
    };
    const before = await etag();
    utimesSync(log, 1_000_000_000, 1_000_000_000);
    const touched = await etag();
    expect(touched).not.toBe(before);
    writeFileSync(log, "another");
    utimesSync(log, 1_000_000_000, 1_000_000_000);
    expect(await etag()).not.toBe(touched);
  });

  test("shards of the list, one after the other, are the list", async () => {
    const folder = freshFolder(scaleArchive());
    const whole = await plan(folder, ["archive", "-q"]);
    const parts = await Promise.all(
      [1, 2, 3].map((i) => plan(folder, ["archive", "-q", "--shard", `${i}/3`])),
    );
    expect(parts.map(({ stdout }) => stdout).join("")).toBe(whole.stdout);
    expect(parts.every(({ stdout }) => stdout !== "")).toBe(true);
  });

  test("--shards writes a manifest for each shard, and its worker reads that alone", async () => {
    const folder = freshFolder(scaleArchive());
    const whole = await plan(folder, ["archive", "-q"]);
    const done = await plan(folder, ["archive", "--shards", "3", "-o", "deep/plan"]);
    check(done, { code: 0, stderr: /17 runs, 17 logs \(.*\n3 shards of about .*up to 1 shard take/ });
    const names = ["shard-1-of-3.ndjson", "shard-2-of-3.ndjson", "shard-3-of-3.ndjson"];
    expect(readdirSync(join(folder, "deep/plan"))).toEqual(names);
    expect(names.map((name) => result(done, `deep/plan/${name}`)).join("")).toBe(whole.stdout);
    writeFileSync(join(folder, "m.ndjson"), whole.stdout);
    // The other shards are not looked at.
    writeFileSync(join(folder, "deep/plan/shard-1-of-3.ndjson"), "torn");
    const rows = (manifest: string) =>
      runHere("run", ["archive", "--manifest", manifest, "--shard", "2/3", "--table", "runs", "-q"], {
        folder,
      });
    const own = await rows("deep/plan");
    expect(own.stdout.length).toBeGreaterThan(100);
    expect(own.stdout).toBe((await rows("m.ndjson")).stdout);
  });

  test("a folder of shards takes no second plan with another number of shards, and needs all of its shards", async () => {
    const folder = freshFolder(scaleArchive());
    await plan(folder, ["archive", "--shards", "2", "-o", "plan"]);
    const other = await plan(folder, ["archive", "--shards", "3", "-o", "plan"]);
    check(other, {
      code: 2,
      stderr: /plan has the manifests of another number of shards \(shard-1-of-2\.ndjson\)/,
    });
    check(await plan(folder, ["archive", "--shards", "2", "-o", "plan"]), { code: 0, stderr: /17 runs/ });
    const archive = (...more: string[]) =>
      runHere("run", ["archive", "--manifest", "plan", "--table", "runs", ...more], { folder });
    check(await archive(), {
      code: 2,
      stderr: /plan is a folder of manifests: name one, or say which shard/,
    });
    check(await archive("--shard", "1/5"), {
      code: 2,
      stderr: /shard-1-of-5\.ndjson can't be read: there is no such file/,
    });
    rmSync(join(folder, "plan/shard-2-of-2.ndjson"));
    const published = await runHere(
      "run",
      ["publish", "--from", "plan", "--dry-run", "--wandb-client", "offline"],
      {
        folder,
      },
    );
    check(published, { code: 2, stderr: /1 of 2 shards are missing \(2\)/ });
  });

  test("--dry-run lists the runs and writes nothing", async () => {
    const folder = freshFolder(scaleArchive());
    const done = await plan(folder, ["archive", "--shards", "2", "-o", "plan", "--dry-run"]);
    check(done, { code: 0, stderr: /17 runs, 17 logs[\s\S]*would write plan\/shard-1-of-2\.ndjson/ });
    expect(readdirSync(folder)).toEqual(["archive"]);
  });

  test.each<[readonly string[], RegExp]>([
    [["--shards", "2"], /name their folder with -o/],
    [["--shards", "2", "-o", "-"], /name their folder with -o/],
    [["--shards", "2", "--shard", "1/2", "-o", "x"], /--shard lists one of them/],
    [["--shards", "0", "-o", "x"], /greater than or equal to 1/],
  ])("%j is refused in words", async (args, message) => {
    check(await plan(freshFolder(scaleArchive()), ["archive", ...args]), { code: 2, stderr: message });
  });

  test("a bucket gives the same runs as the folder", async () => {
    const files = scaleArchive();
    const server = await ObjectServer.start();
    server.pageSize = 4;
    server.fail(/pageToken/, { kind: "status", status: 500 });
    for (const [name, content] of Object.entries(files)) server.put("bucket", name, content);
    const folder = freshFolder(files);
    const local = await plan(folder, ["archive", "-q"]);
    const remote = await plan(folder, ["gs://bucket/archive", "-q"], { STORAGE_EMULATOR_HOST: server.url });
    await server.close();
    check(remote, { code: 0, stdout: /./ });
    const about = (text: string, start: string) =>
      text
        .trim()
        .split("\n")
        .map((line) => {
          const { files: logs, evaluations, logs: _logs, ...run } = JSON.parse(line);
          const names = [...logs, ...evaluations].map(({ uri }: { uri: string }) => uri.slice(start.length));
          return { ...run, config: run.config?.uri.slice(start.length), names };
        });
    expect(about(remote.stdout, "gs://bucket/")).toEqual(about(local.stdout, `${folder}/`));
  });

  test.each<[string, readonly string[], RegExp]>([
    ["nothing", [], /Missing argument: /],
    ["no folder", ["none"], /none: there is no such file/],
    ["a tar", ["archive.tar"], /unpack it first/],
    ["an empty folder", ["empty"], /there is no archive here/],
    ["a bad shard", ["archive", "--shard", "0/3"], /no part 0 of 3/],
    ["a bad date", ["archive", "--since", "soon"], /write a date/],
    ["nothing left", ["archive", "--filter", "nowhere"], /no run matches --filter/],
  ])("%s is refused, and the message says why", async (_what, args, message) => {
    const folder = freshFolder({ ...scaleArchive(), "archive.tar": "x", "empty/x": "" });
    const done = await plan(folder, args);
    check(done, { code: 2, stderr: message });
  });

  test("what can't be listed costs the exit code, and the rest is there", async () => {
    const folder = freshFolder(scaleArchive());
    renameSync(
      join(folder, "archive/models/en-hu/snake/teacher/train.log.gz"),
      join(folder, "archive/models/en-hu/train.log"),
    );
    const done = await plan(folder, ["archive", "-o", "m.ndjson"]);
    check(done, {
      code: 1,
      stderr: /ERROR archive\/models\/en-hu\/train.log: this is not read[\s\S]*16 runs/,
    });
    expect(result(done, "m.ndjson").trim().split("\n")).toHaveLength(16);
  });
});
