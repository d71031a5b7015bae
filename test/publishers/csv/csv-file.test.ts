import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "csv-parse/sync";
import { stringify } from "csv-stringify/sync";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { CsvFile } from "../../../src/publishers/csv/csv-file.js";

const root = mkdtempSync(join(tmpdir(), "marian-tracking-csv-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let count = 0;
const fresh = () => join(root, `${++count}`, "deep", "file.csv");

const rowsOf = (path: string) => parse(readFileSync(path), { record_delimiter: "\r\n" }) as string[][];
const text = (rows: readonly (readonly string[])[]) =>
  stringify(rows as string[][], { record_delimiter: "windows", quoted_match: /[\r\n]/ });

/** Inserts before the last `trailing` cells. */
function widened(row: readonly string[], cells: readonly string[], trailing: number): string[] {
  const at = row.length - trailing;
  return [...row.slice(0, at), ...cells, ...row.slice(at)];
}

/** Puts a file at its place. */
async function finish(file: CsvFile): Promise<void> {
  await file.end();
  await file.commit();
}

describe("CsvFile", () => {
  it("whole: is at its place only when closed, and leaves nothing beside", async () => {
    const path = fresh();
    const file = new CsvFile(path, ["a", "b"], "whole");
    await file.write("1,2\r\n");
    expect(existsSync(path)).toBe(false);
    await file.write(Buffer.from("3,4\r\n"));
    await finish(file);
    expect(readFileSync(path, "utf8")).toBe("a,b\r\n1,2\r\n3,4\r\n");
    expect(readdirSync(join(path, ".."))).toEqual(["file.csv"]);
  });

  it("whole: discarded, the older file stays", async () => {
    const path = fresh();
    const older = new CsvFile(path, ["old"], "whole");
    await finish(older);
    const file = new CsvFile(path, ["a"], "whole");
    await file.write("1\r\n");
    await file.addColumns(["b"], "");
    await file.discard();
    expect(readFileSync(path, "utf8")).toBe("old\r\n");
    expect(readdirSync(join(path, ".."))).toEqual(["file.csv"]);
  });

  it("live: every row and every new column is there at once", async () => {
    const path = fresh();
    const older = new CsvFile(path, ["old"], "whole");
    await finish(older);
    const file = new CsvFile(path, ["a", "b"], "live");
    expect(readFileSync(path, "utf8")).toBe("old\r\n");
    await file.write("1,2\r\n");
    expect(readFileSync(path, "utf8")).toBe("a,b\r\n1,2\r\n");
    await file.addColumns(["c", "d"], "");
    expect(readFileSync(path, "utf8")).toBe("a,b,c,d\r\n1,2,,\r\n");
    await file.write("3,4,5,6\r\n");
    await file.addColumns(["segment"], "0");
    await file.addColumns(["e"], "x", 1);
    expect(readFileSync(path, "utf8")).toBe("a,b,c,d,e,segment\r\n1,2,,,x,0\r\n3,4,5,6,x,0\r\n");
    expect(file.columns).toEqual(["a", "b", "c", "d", "e", "segment"]);
    await file.discard();
    expect(readdirSync(join(path, ".."))).toEqual(["file.csv"]);
    expect(readFileSync(path, "utf8")).toContain("3,4,5,6,x,0");
  });

  it("takes columns before the first row without rewriting", async () => {
    const path = fresh();
    const file = new CsvFile(path, ["a", "z"], "whole");
    await file.addColumns(["b"], "never", 1);
    await file.addColumns([], "never");
    await file.write("1,2,3\r\n");
    await finish(file);
    expect(readFileSync(path, "utf8")).toBe("a,b,z\r\n1,2,3\r\n");
  });

  const cell = fc.oneof(
    fc.constantFrom("", ",", '"', '""', "\r\n", "\n", "\r", 'a, "b"\r\nc', ',"\r\n",', "é\u{1f600}"),
    fc.string({ maxLength: 5 }),
  );

  it.each([0, 1, 2])("widens rows with quoted cells before the last %i, in both modes", async (trailing) => {
    const table = fc.array(fc.array(cell, { minLength: 3, maxLength: 3 }), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(table, fc.constantFrom("whole", "live"), async (rows, mode) => {
        const path = fresh();
        const file = new CsvFile(path, ["a", "b", "c"], mode);
        await file.write(text(rows));
        await file.addColumns(["new", "more"], "7", trailing);
        await finish(file);
        const expected = [
          widened(["a", "b", "c"], ["new", "more"], trailing),
          ...rows.map((row) => widened(row, ["7", "7"], trailing)),
        ];
        expect(rowsOf(path)).toEqual(expected);
      }),
      { numRuns: 150 },
    );
  });

  it.each([0, 1, 2])("widens a file of several chunks before the last %i", async (trailing) => {
    const path = fresh();
    const file = new CsvFile(path, ["a", "b", "c"], "live");
    // Rows of every length, so that chunks of 1 MiB end at every kind of byte; one is longer than a chunk.
    const rows = Array.from({ length: 60_000 }, (_, row) => [
      String(row),
      row === 20_000 ? `long, "${"y".repeat(1_500_000)}"\r\n` : `x,"${"z".repeat(row % 61)}"\r\n`,
      row % 3 === 0 ? '",\r\n"' : "q",
    ]);
    const written = text(rows);
    expect(written.length).toBeGreaterThan(4 << 20);
    await file.write(written);
    await file.addColumns(["new"], "", trailing);
    await finish(file);
    const got = rowsOf(path);
    expect(got).toHaveLength(rows.length + 1);
    const wrong = got.slice(1).findIndex((row, at) => {
      const expected = widened(rows[at] ?? [], [""], trailing);
      return row.length !== 4 || row.some((value, column) => value !== expected[column]);
    });
    expect(wrong).toBe(-1);
  });

  it("widens rows that are cut anywhere by the chunks", async () => {
    const path = fresh();
    const row = '1,"a,""b\r\n"\r\n';
    for (let before = 0; before < row.length + 1; before += 1) {
      const file = new CsvFile(path, ["a", "b"], "live");
      // The last row starts so that the first MiB ends inside of it, or right at its ends.
      const filler = (1 << 20) - "a,b\r\n".length - before;
      const line = `0,${"x".repeat(filler - 4)}\r\n`;
      await file.write(line + row + row);
      await file.addColumns(["c"], "-", 1);
      await finish(file);
      expect(rowsOf(path).slice(2)).toEqual([
        ["1", "-", 'a,"b\r\n'],
        ["1", "-", 'a,"b\r\n'],
      ]);
    }
  });

  it("names the place when it can't be written", async () => {
    const path = fresh();
    const blocker = new CsvFile(path, ["a"], "whole");
    await finish(blocker);
    const below = new CsvFile(join(path, "below.csv"), ["a"], "live");
    await expect(below.write("1\r\n")).rejects.toThrow(/EEXIST|ENOTDIR/);
  });
});
