import { appendFile, copyFile, mkdtemp, readdir, readFile, readlink, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Ledger } from "../../../src/pipeline/groups/ledger.js";

const folder = () => mkdtemp(join(tmpdir(), "ledger-"));
/** How many descriptors this process has of a file; none if the system does not tell. */
async function descriptorsOf(path: string): Promise<number> {
  const names = await readdir("/proc/self/fd").catch(() => []);
  const targets = await Promise.all(names.map((name) => readlink(`/proc/self/fd/${name}`).catch(() => "")));
  return targets.filter((target) => target === path).length;
}

const entry = (key: string, digest: string) => ({ key, digest, stamp: "s", run: "student_abcde", rows: 12 });

test("what was put is there when it is opened again; the last of a key counts", async () => {
  const path = join(await folder(), "not", "yet", "ledger.ndjson");
  const ledger = await Ledger.open(path);
  expect(ledger.get("a")).toBeUndefined();
  await ledger.put(entry("a", "1"));
  await ledger.put({ ...entry("b", "1"), error: "it is damaged" });
  await ledger.put(entry("a", "2"));
  expect(ledger.get("a")?.digest).toBe("2");
  await ledger.close();
  const again = await Ledger.open(path);
  expect(again.get("a")).toEqual(entry("a", "2"));
  expect(again.get("b")).toEqual({ ...entry("b", "1"), error: "it is damaged" });
});

test("runs that arrive at the same time share one descriptor, which is closed, and the form stays the first line", async () => {
  const path = join(await folder(), "not", "yet", "ledger.ndjson");
  const ledger = await Ledger.open(path);
  await Promise.all(["a", "b", "c", "d"].map((key) => ledger.put(entry(key, "1"))));
  await ledger.close();
  expect(await descriptorsOf(path)).toBe(0);
  expect((await readFile(path, "utf8")).split("\n")[0]).toContain('"version"');
});

test("a torn last line costs itself, and the next entry begins on a line of its own", async () => {
  const path = join(await folder(), "ledger.ndjson");
  const ledger = await Ledger.open(path);
  await ledger.put(entry("a", "1"));
  await ledger.close();
  await appendFile(path, '{"key":"b","digest":"1","st');
  const torn = await Ledger.open(path);
  expect(torn.get("a")).toEqual(entry("a", "1"));
  expect(torn.get("b")).toBeUndefined();
  await torn.put(entry("c", "1"));
  await torn.close();
  expect((await Ledger.open(path)).get("c")).toEqual(entry("c", "1"));
  expect((await readFile(path, "utf8")).split("\n")).toHaveLength(5);
});

test("lines that are no entries are passed over", async () => {
  const path = join(await folder(), "ledger.ndjson");
  await appendFile(
    path,
    'null\n[]\n{"key":1}\n"x"\n{"key":"a","digest":"1","stamp":"","run":"r","rows":"12"}\n',
  );
  const ledger = await Ledger.open(path);
  expect(ledger.get("a")).toBeUndefined();
});

test("what can't be read is said, not taken for empty", async () => {
  await expect(Ledger.open(await folder())).rejects.toThrow();
});

test("its first line tells its form, whoever writes on", async () => {
  const path = join(await folder(), "ledger.ndjson");
  for (const key of ["a", "b"]) {
    const ledger = await Ledger.open(path);
    await ledger.put(entry(key, "1"));
    await ledger.close();
  }
  const lines = (await readFile(path, "utf8")).trimEnd().split("\n");
  expect(lines).toHaveLength(3);
  expect(JSON.parse(lines[0] ?? "")).toEqual({ form: "marian-tracking ledger", version: 2 });
});

test("one of a later version is set aside with one line, not misread", async () => {
  const place = await folder();
  const path = join(place, "ledger.ndjson");
  const text = `{"form":"marian-tracking ledger","version":3}\n${JSON.stringify(entry("a", "1"))}\n`;
  await writeFile(path, text);
  const ledger = await Ledger.open(path);
  expect(ledger.get("a")).toBeUndefined();
  expect(ledger.notes).toEqual([expect.stringContaining("was written by a later version")]);
  await ledger.put(entry("b", "1"));
  await ledger.close();
  expect((await readdir(place)).sort()).toEqual(["ledger.ndjson", "ledger.ndjson.version-3"]);
  expect(await readFile(`${path}.version-3`, "utf8")).toBe(text);
});

test("what is in an offline file alone is published as long as that is there", async () => {
  const place = await folder();
  const [path, offline] = [join(place, "ledger.ndjson"), join(place, "run-a.wandb")];
  await writeFile(offline, "");
  const ledger = await Ledger.open(path);
  await ledger.put({ ...entry("a", "1"), offline: [offline] });
  await ledger.put(entry("b", "1"));
  await ledger.close();
  expect((await Ledger.open(path)).get("a")).toEqual({ ...entry("a", "1"), offline: [offline] });
  await rm(offline);
  const again = await Ledger.open(path);
  expect([again.get("a"), again.get("b")?.digest]).toEqual([undefined, "1"]);
  expect(again.notes).toEqual([expect.stringContaining("the offline files of 1 run")]);
});

test("one without a form is read, but for offline runs, of which it does not say where they are", async () => {
  const path = join(await folder(), "ledger.ndjson");
  // As the version before the form wrote it, online and offline.
  await copyFile(new URL("../../../fixtures/earlier/ledger.ndjson", import.meta.url), path);
  const ledger = await Ledger.open(path);
  const key = (place: string, run: string) =>
    JSON.stringify([place, "en-hu", "exp1_Abcdefghijklmnopqrstuv", run]);
  expect(ledger.get(key("http://127.0.0.1:8080 me", "student_Abcde"))).toMatchObject({
    run: "student_Abcde",
    rows: 3,
  });
  expect(ledger.get(key("offline .", "student_Abcde"))).toBeUndefined();
  expect(ledger.notes).toEqual([expect.stringContaining("the offline files of 2 runs")]);
});
