/** Places of results: files, links, devices, named pipes, and what killed processes leave there. */
import { execFileSync, spawn } from "node:child_process";
import {
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { LEFTOVER, type OutputFile, openOutputFile } from "../../src/io/output-file.js";
import { OWNER, sweep } from "../../src/io/owner.js";

const folder = () => mkdtempSync(join(tmpdir(), "place-"));

async function put(path: string, text: string): Promise<void> {
  const place = await openOutputFile(path);
  writeFileSync(place.part, text);
  await place.commit();
}

/** A process that has gone, and its number. */
async function gone(): Promise<number> {
  const child = spawn("true");
  await new Promise((resolve) => child.once("exit", resolve));
  return child.pid ?? 0;
}

describe("openOutputFile", () => {
  it("writes beside the place, under a name that tells whose it is, and replaces the file at once", async () => {
    const path = join(folder(), "new", "training.csv");
    await put(path, "old");
    const place = await openOutputFile(path);
    expect(place.part).toContain(`training.csv.${OWNER}.partial`);
    writeFileSync(place.part, "new");
    expect(readFileSync(path, "utf8")).toBe("old");
    await place.commit();
    expect(readFileSync(path, "utf8")).toBe("new");
    await (await openOutputFile(path)).discard();
    expect(readdirSync(join(path, ".."))).toEqual(["training.csv"]);
  });

  it("replaces what a link leads to, not the link, also where nothing is there yet", async () => {
    const place = folder();
    for (const [link, to] of [
      ["one", "two"],
      ["two", "target"],
    ] as const)
      symlinkSync(to, join(place, link));
    for (const text of ["first", "second"]) {
      await put(join(place, "one"), text);
      expect(lstatSync(join(place, "one")).isSymbolicLink()).toBe(true);
      expect(readlinkSync(join(place, "two"))).toBe("target");
      expect(readFileSync(join(place, "target"), "utf8")).toBe(text);
    }
    expect(readdirSync(place).sort()).toEqual(["one", "target", "two"]);
  });

  it("writes to a named pipe that somebody reads, and says so of one that nobody reads", async () => {
    const path = join(folder(), "pipe");
    execFileSync("mkfifo", [path]);
    await expect(put(path, "text")).rejects.toThrow("nobody reads");
    const reader = spawn("cat", [path]);
    let got = "";
    reader.stdout.on("data", (bytes) => {
      got += String(bytes);
    });
    const ended = new Promise((resolve) => reader.once("close", resolve));
    // Until the other side has opened it.
    let place: OutputFile | undefined;
    while (place === undefined) {
      place = await openOutputFile(path).catch(() => undefined);
      await new Promise((resolve) => setImmediate(resolve));
    }
    writeFileSync(place.part, "x".repeat(300_000));
    await place.commit();
    await ended;
    expect(got).toHaveLength(300_000);
    expect(lstatSync(path).isFIFO()).toBe(true);
  });

  it.skipIf(!existsSync("/dev/null"))("writes to a device", async () => {
    await put("/dev/null", "text");
    expect(lstatSync("/dev/null").isCharacterDevice()).toBe(true);
    const link = join(folder(), "link");
    symlinkSync("/dev/null", link);
    await put(link, "text");
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
  });

  it("takes names that leave no room for the owner's", async () => {
    const place = folder();
    const name = `${"n".repeat(250)}.csv`;
    await put(join(place, name), "text");
    expect(readdirSync(place)).toEqual([name]);
  });
});

describe("sweep", () => {
  it("removes what processes of this machine have left that have gone, and of others after seven days", async () => {
    const place = folder();
    const host = hostname().replace(/[^A-Za-z0-9_.]/g, "_");
    const pid = await gone();
    const [, own] = OWNER.split(/-(?=\d+-\d+$)/);
    const stay = [
      `a.csv.${OWNER}.partial`,
      `a.csv.elsewhere-${pid}-5.partial`,
      `a.csv.${pid}.partial`,
      "mine.partial",
      `a.csv.${host}-${pid}-5.csv`,
    ];
    const go = [
      `a.csv.${host}-${pid}-5.partial`,
      `a-1-2.csv.${host}-${pid}-5.partial.next`,
      // The number is this process's, the start is not.
      `b.csv.${host}-${own?.split("-")[0]}-1.partial`,
      "old.csv.elsewhere-7-5.partial",
      "old.csv.77.partial.next",
    ];
    for (const name of [...stay, ...go]) writeFileSync(join(place, name), "");
    const longAgo = Date.now() / 1000 - 8 * 24 * 3600;
    for (const name of go.filter((name) => name.startsWith("old")))
      utimesSync(join(place, name), longAgo, longAgo);
    await sweep(place, LEFTOVER);
    expect(readdirSync(place).sort()).toEqual(stay.sort());
  });
});
