/** Tars where a log is expected. */
import { writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import * as tar from "tar-stream";
import { describe, expect, it } from "vitest";
import { checkRun, parseLog, readRun } from "../../src/index.js";
import { refuseTar } from "../../src/io/packed/tar-header.js";
import { type TarMember, tarMembers } from "../../src/io/packed/tar-members.js";
import { zstdFrame } from "../browser/zstd-frame.js";
import { freshFolder } from "../cli/run-binary.js";
import { runHere } from "../cli/run-here.js";

const row = (up: number, cost: number) =>
  `[2024-03-04 10:00:00] Ep. 1 : Up. ${up} : Sen. ${up * 10} : Cost ${cost} : Time 1.00s : 10.00 words/s\n`;
const log = (cost: number) => row(10, cost) + row(20, cost - 1);

type Entry = readonly [header: Partial<tar.Header> & { readonly name: string }, content?: string];

async function pack(entries: readonly Entry[]): Promise<Buffer> {
  const packing = tar.pack();
  for (const [header, content] of entries) {
    if (content === undefined) packing.entry(header);
    else packing.entry(header, content);
  }
  packing.finalize();
  const parts: Buffer[] = [];
  for await (const part of packing) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

const LONG = `${"d".repeat(120)}/${"e".repeat(120)}/train.log`;
const ENTRIES: readonly Entry[] = [
  [{ name: "exp", type: "directory" }],
  [{ name: "./exp/a/train.log" }, log(7)],
  [{ name: "exp/notes.txt" }, "nothing of Marian's\n"],
  [{ name: LONG }, log(6)],
  [{ name: "exp/b c/träin 漢.log" }, log(5)],
  [{ name: "exp/link.log", type: "symlink", linkname: "a/train.log" }],
  [{ name: "exp/model.npz" }, "x".repeat(2000)],
];
const LOGS = [LONG, "exp/a/train.log", "exp/b c/träin 漢.log"];

async function* chunked(bytes: Uint8Array, size = bytes.length): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

function fileOf(bytes: Uint8Array, name: string): string {
  const path = `${freshFolder()}/${name}`;
  writeFileSync(path, bytes);
  return path;
}

describe("a tar where one log is expected", () => {
  it.each([
    ["tar", (bytes: Buffer) => bytes],
    ["tar.gz", (bytes: Buffer) => gzipSync(bytes)],
    ["tar.zst", (bytes: Buffer) => Buffer.from(zstdFrame(bytes))],
    ["called like a log", (bytes: Buffer) => bytes],
    ["cut in a member", (bytes: Buffer) => bytes.subarray(0, 1300)],
  ])("is refused by the library with a code that says why: %s", async (_what, packed) => {
    const bytes = packed(await pack(ENTRIES.slice(1)));
    const path = fileOf(bytes, "train.log");
    await expect(readRun(path)).rejects.toMatchObject({ name: "InputError", code: "tar" });
    await expect(readRun(chunked(bytes, 100))).rejects.toMatchObject({ code: "tar" });
    await expect(parseLog(path).next()).rejects.toMatchObject({ code: "tar" });
    expect((await checkRun(path)).error).toMatchObject({ code: "tar" });
  });

  it("is no log that is as short, or has what a header has", async () => {
    for (const text of ["", "x", log(7), "\0".repeat(2000), "0".repeat(512), `${"x".repeat(600)}\n`]) {
      const parts: Uint8Array[] = [];
      for await (const part of refuseTar(chunked(Buffer.from(text), 7))) parts.push(Buffer.from(part));
      expect(Buffer.concat(parts).toString()).toBe(text);
    }
  });

  it("does not make the lines of a live log wait", async () => {
    const lines = refuseTar(chunked(Buffer.from("one\ntwo\n"), 4));
    expect(Buffer.from((await lines.next()).value ?? []).toString()).toBe("one\n");
  });
});

describe("the members of a tar in a page", () => {
  async function members(bytes: Uint8Array, size?: number): Promise<[string, string][]> {
    const found: TarMember[] = [];
    for await (const member of tarMembers(chunked(bytes, size), (name) => name.endsWith(".log")))
      found.push(member);
    return found.map(({ name, parts }) => [name, Buffer.concat(parts).toString()]);
  }

  it("are its files, however the tar comes in chunks", async () => {
    const bytes = await pack([...ENTRIES, [{ name: "../out.log" }, log(1)]]);
    const wanted = [
      ["exp/a/train.log", log(7)],
      [LONG, log(6)],
      ["exp/b c/träin 漢.log", log(5)],
    ];
    for (const size of [1, 511, 512, 513, 10_000]) expect(await members(bytes, size)).toEqual(wanted);
  });

  it("end where the tar does, and that is said", async () => {
    const bytes = await pack(ENTRIES);
    const seen: string[] = [];
    const read = async (end: number) => {
      for await (const { name } of tarMembers(chunked(bytes.subarray(0, end)), () => true)) seen.push(name);
    };
    await expect(read(512 + 512 + 100)).rejects.toThrow(
      "the tar ends early: what came before was read, to exp/a/train.log",
    );
    expect(seen).toEqual(["exp/a/train.log"]);
    const broken = Buffer.from(bytes);
    broken.fill(0x78, 512 + 512 + 512, 512 + 512 + 600);
    await expect(
      (async () => {
        for await (const _member of tarMembers(chunked(broken), () => true));
      })(),
    ).rejects.toThrow("the tar is damaged");
  });
});

describe("a tar given to a command", () => {
  it("is as many inputs as it has logs: parse", async () => {
    for (const [name, packed] of [
      ["logs.tar", (bytes: Buffer) => bytes],
      ["logs.tgz", gzipSync],
      ["logs.tar.zst", zstdFrame],
      ["misnamed.log", (bytes: Buffer) => bytes],
    ] as const) {
      const path = fileOf(packed(await pack(ENTRIES)), name);
      const run = await runHere("run", ["parse", path, "--format", "ndjson"]);
      expect(run.code, run.stderr).toBe(0);
      const rows = run.stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as Record<string, unknown>);
      expect(
        rows
          .filter((row) => row["type"] === "training")
          .map((row) => [row["source"], row["up"], row["cost"]]),
      ).toEqual(
        LOGS.flatMap((member) => {
          const cost = member === LONG ? 6 : member.includes("/a/") ? 7 : 5;
          return [
            [`${path}/${member}`, 10, cost],
            [`${path}/${member}`, 20, cost - 1],
          ];
        }),
      );
      expect(run.stderr.replace(/\s*\n\s*›\s*/g, " ")).toMatch(
        /2 files are not Marian logs and were skipped/,
      );
    }
  });

  it("fails by its name where it ends early, is empty, or holds no log; what came before is read", async () => {
    const whole = await pack(ENTRIES.slice(0, 2));
    for (const [bytes, reason, rows] of [
      [
        whole.subarray(0, whole.length - 1024 - 512 + 100),
        /ends in it|read to where the tar ends|ends early/,
        true,
      ],
      [await pack([[{ name: "folder", type: "directory" }]]), /the tar holds no file/, false],
      [await pack([[{ name: "a.txt" }, "x\n"]]), /the tar holds no Marian log, only 1 other file/, false],
    ] as const) {
      const path = fileOf(bytes, "logs.tar");
      const run = await runHere("run", ["parse", path, "--format", "ndjson"]);
      expect(run.code).toBe(1);
      expect(run.stderr.replace(/\s*\n\s*›?\s*/g, " ")).toMatch(reason);
      expect(run.stdout.includes('"training"')).toBe(rows);
    }
  });

  it("check and report read each log by itself", async () => {
    const path = fileOf(await pack(ENTRIES), "logs.tar");
    const check = await runHere("run", ["check", path, "--json"]);
    for (const member of LOGS)
      expect(check.stdout).toContain(JSON.stringify(`${path}/${member}`).slice(1, -1));
    const page = `${freshFolder()}/report.html`;
    const report = await runHere("run", ["report", path, "-o", page, "--json"]);
    expect(report.code, report.stderr).toBe(0);
    for (const member of LOGS)
      expect(report.stdout).toContain(JSON.stringify(`${path}/${member}`).slice(1, -1));
  });
});
