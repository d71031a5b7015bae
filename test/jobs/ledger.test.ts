import { appendFile, mkdtemp, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Ledger } from "../../src/jobs/ledger.js";

const folder = () => mkdtemp(join(tmpdir(), "ledger-"));
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
  expect((await readFile(path, "utf8")).split("\n")).toHaveLength(4);
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
