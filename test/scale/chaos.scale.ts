/** Workers among faults: what they leave is complete and equal, or the gate says what is missing. */
import { spawnSync } from "node:child_process";
import {
  createReadStream,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import {
  type Ended,
  found,
  isWhole,
  type Prepared,
  PYTHON,
  plan,
  prepare,
  type Running,
  rowsAt,
  start,
  statusOf,
  WORKER,
  workFolder,
} from "./work.js";

const SHARDS = 4;
const [NODE = "", PROGRAM = ""] = WORKER.split(" ");

describe.skipIf(PYTHON === "")("workers among faults", () => {
  const folder = workFolder();
  let prepared: Prepared;
  let manifests = "";
  let server: Server | undefined;

  beforeAll(() => {
    prepared = prepare(folder);
    manifests = plan(prepared.archive, SHARDS, join(folder, "plan"));
  });
  afterEach(() => {
    server?.closeAllConnections();
    server?.close();
  });

  const words = (shard: number, tables: string, from = manifests) => [
    ...["archive", "--manifest", from, "--shard", `${shard}/${SHARDS}`],
    ...["--format", "parquet", "-o", tables],
  ];
  const work = (shard: number, tables: string, from?: string) =>
    start(NODE, [PROGRAM, ...words(shard, tables, from)]);

  /** Does all shards, two at a time, and returns how their workers ended. */
  async function all(tables: string, from?: string): Promise<Ended[]> {
    const ended: Ended[] = [];
    for (let shard = 1; shard <= SHARDS; shard += 2)
      ended.push(
        ...(await Promise.all(
          [work(shard, tables, from), work(shard + 1, tables, from)].map(({ done }) => done),
        )),
      );
    return ended;
  }

  const codes = (ended: readonly Ended[]) => ended.map(({ code }) => code);
  const complete = async (tables: string, from?: string) => {
    expect(codes(await all(tables, from))).toEqual([0, 0, 0, 0]);
    isWhole(prepared, tables, SHARDS);
  };

  /** Waits until a worker reads a log of the archive, and halts it there. */
  async function halted(running: Running): Promise<void> {
    const isReading = await found(running, () => {
      const files = openFiles(running.pid);
      return files.some((file) => file.startsWith(`${prepared.archive}/`)) ? true : undefined;
    });
    expect(isReading).toBe(true);
    process.kill(running.pid, "SIGSTOP");
  }

  test("a worker that is killed leaves no shard; done again, it is whole", async () => {
    const tables = join(folder, "killed");
    const running = work(2, tables);
    await halted(running);
    process.kill(running.pid, "SIGKILL");
    expect((await running.done).signal).toBe("SIGKILL");
    expect(statusOf(tables)).toMatchObject({ complete: false, done: 0 });
    await complete(tables);
  });

  test("two workers at one shard, and one of three that is killed, leave it once", async () => {
    const tables = join(folder, "twice");
    const [first, second, third] = [1, 1, 1].map(() => work(1, tables)) as [Running, Running, Running];
    await halted(third);
    process.kill(third.pid, "SIGKILL");
    expect(codes(await Promise.all([first.done, second.done]))).toEqual([0, 0]);
    await complete(tables);
  });

  test("a full disk fails the shard and says so; with room, it is whole", async ({ skip }) => {
    const disk = join(folder, "disk");
    mkdirSync(disk);
    // A file system of memory in a namespace of its own, small at first.
    const script = `mount -t tmpfs -o size=256k tmpfs "$1" || exit 77
      shift; "$@"; echo "code $?"; (cd "$0/tables" && ls -d shard-* | grep -v failed | sed "s/^/kept /"); mount -o remount,size=200m "$0"
      "$@"; echo "code $?"; cp -r "$0/tables" "$0-kept"`;
    const args = ["-rm", "sh", "-c", script, disk, disk, NODE, PROGRAM, ...words(3, join(disk, "tables"))];
    const { code, stdout, stderr } = await start("unshare", args).done;
    if (code === 77 || /unshare failed/.test(stderr)) skip("no file system of memory may be mounted here");
    expect(stdout.split("\n").filter((line) => /^(?:code|kept)/.test(line))).toEqual(["code 3", "code 0"]);
    expect(stderr).toMatch(/not written: .*the disk is full/);
    await complete(`${disk}-kept`);
  });

  test("a mount that goes while a shard is read fails it; when it is back, all is whole", async () => {
    const tables = join(folder, "unmounted");
    const running = work(1, tables);
    await halted(running);
    renameSync(prepared.archive, `${prepared.archive}-gone`);
    try {
      process.kill(running.pid, "SIGCONT");
      const ended = await running.done;
      expect([ended.code, ended.stderr]).toEqual([1, expect.stringMatching(/no such file/)]);
      // The other workers don't even begin.
      expect(codes(await all(tables))).toEqual([1, 1, 1, 1]);
    } finally {
      renameSync(`${prepared.archive}-gone`, prepared.archive);
    }
    const status = statusOf(tables);
    expect(status).toMatchObject({ complete: false, failed: 4 });
    for (const { reason } of status.shards) expect(reason).toMatch(/no such file/);
    await complete(tables);
  });

  test("links that expire while a shard is read fail it; with new ones, all is whole", async () => {
    const tables = join(folder, "expired");
    let valid = 40;
    const url = await serve((path, response) => {
      valid -= 1;
      if (valid < 0) return void response.writeHead(403).end("<Error><Code>ExpiredToken</Code></Error>");
      response.writeHead(200, { "content-length": statSync(path).size });
      createReadStream(path).pipe(response);
    });
    const linked = linkedManifests(url);
    const expired = await all(tables, linked);
    expect(codes(expired).filter((code) => code !== 0)).toEqual(expect.arrayContaining([1, 1, 1]));
    for (const { code, stderr } of expired) if (code !== 0) expect(stderr).toMatch(/403/);
    const status = statusOf(tables);
    expect(status.complete).toBe(false);
    for (const { state, reason } of status.shards) if (state === "failed") expect(reason).toMatch(/403/);
    valid = Number.POSITIVE_INFINITY;
    const rows = rowsAt(prepared, `${url}${prepared.archive}`);
    expect(codes(await all(tables, linked))).toEqual([0, 0, 0, 0]);
    isWhole({ ...prepared, rows }, tables, SHARDS);
  });

  /** Serves the files of this machine by their paths. */
  async function serve(
    answer: (path: string, response: import("node:http").ServerResponse) => void,
  ): Promise<string> {
    const made = createServer((request, response) =>
      answer(decodeURIComponent(new URL(request.url ?? "", "http://localhost").pathname), response),
    );
    server = made;
    await new Promise<void>((resolve) => made.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(made.address() as AddressInfo).port}`;
  }

  /** The manifests with links in place of paths. */
  function linkedManifests(url: string): string {
    const place = join(folder, "linked");
    mkdirSync(place, { recursive: true });
    for (const name of readdirSync(manifests)) {
      const text = readFileSync(join(manifests, name), "utf8");
      // The server has no ETag: what is not there can't have changed.
      const linked = text.replaceAll('"uri":"/', `"uri":"${url}/`).replace(/,"etag":"[^"]*"/g, "");
      writeFileSync(join(place, name), linked);
    }
    return place;
  }
});

/** The files that a process has open. */
function openFiles(pid: number): string[] {
  const { stdout } = spawnSync("sh", ["-c", `readlink /proc/${pid}/fd/*`], { encoding: "utf8" });
  return stdout.split("\n");
}
