import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parquetReadObjects } from "hyparquet";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ColumnBuffer } from "../../../src/publishers/tables/column-buffer.js";
import type { Cell, Column } from "../../../src/publishers/tables/columns.js";
import { HEAD, ParquetFrame } from "../../../src/publishers/tables/parquet.js";
import { PartFile } from "../../../src/publishers/tables/part-file.js";
import { writeTable } from "../../../src/publishers/tables/small-table.js";
import { parquetTypes, type Row, readParquet, readTable } from "./read-tables.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "parquet-"));
});
afterAll(() => rm(folder, { recursive: true }));

const FACTS = { program: "a test", compression: "snappy" } as const;

const COLUMNS: readonly Column[] = [
  { name: "run", type: "text", optional: false },
  { name: "dataset", type: "text", optional: true },
  { name: "epoch", type: "epoch", optional: true },
  { name: "up", type: "count", optional: false },
  { name: "labels", type: "count", optional: true },
  { name: "cost", type: "float", optional: true },
];

function object(columns: readonly Column[], row: readonly Cell[]): Row {
  return Object.fromEntries(
    columns.flatMap(({ name }, index) => (row[index] === undefined ? [] : [[name, row[index]]])),
  ) as Row;
}

describe("writeTable", () => {
  it.each<[string, readonly (readonly Cell[])[]]>([
    ["no rows", []],
    ["one row", [["a", "b", 1, 2, 3, 4.5]]],
    ["a row with the least that it needs", [["a", undefined, undefined, 0, undefined, undefined]]],
    [
      "texts of every kind",
      ["a,b", 'say "x"', "two\r\nlines", "žluťoučký 🐎", " "].map((text) => [text, text, 1, 1, 1, 1]),
    ],
    [
      "numbers at their ends",
      [
        ["a", undefined, 0.004, Number.MAX_SAFE_INTEGER, 2 ** 31, Number.NaN],
        ["a", undefined, 1e-9, 0, 0, Number.POSITIVE_INFINITY],
        ["a", undefined, 3, 2 ** 53, 2 ** 33, Number.NEGATIVE_INFINITY],
        ["a", undefined, 3, 5, undefined, 5e-324],
        ["a", undefined, 3, 2 ** 40, undefined, 1.7976931348623157e308],
      ],
    ],
  ])("writes %s that other programs read", async (name, rows) => {
    const place = await mkdtemp(join(folder, "table-"));
    for (const format of ["csv", "parquet", "ndjson"] as const)
      await writeTable(join(place, `t.${format}`), format, COLUMNS, rows, FACTS);
    const table = await readTable(place, "t");
    expect(table.columns, name).toEqual(COLUMNS.map((column) => column.name));
    expect(table.rows).toEqual(rows.map((row) => object(COLUMNS, row)));
    // Types never depend on the data.
    expect(Object.values(await parquetTypes(join(place, "t.parquet")))).toEqual([
      "VARCHAR",
      "VARCHAR",
      "DOUBLE",
      "BIGINT",
      "BIGINT",
      "DOUBLE",
    ]);
  });

  it("keeps the sign of zero, and every digit", async () => {
    const path = join(folder, "zero.parquet");
    const column: Column = { name: "cost", type: "float", optional: true };
    await writeTable(path, "parquet", [column], [[0], [-0], [0.1 + 0.2]], FACTS);
    const { rows } = await readParquet(path);
    expect(rows.map(({ cost }) => Object.is(cost, -0))).toEqual([false, true, false]);
    expect(rows[2]).toEqual({ cost: 0.30000000000000004 });
  });

  it("writes more rows than are encoded at once, for hyparquet too", async () => {
    const path = join(folder, "many.parquet");
    const rows = Array.from({ length: 25_001 }, (_, index): Cell[] => [
      `run-${index % 7}`,
      index % 3 === 0 ? undefined : "x",
      index / 4,
      index,
      index % 5 === 0 ? index : undefined,
      undefined,
    ]);
    await writeTable(path, "parquet", COLUMNS, rows, FACTS);
    const { rows: found } = await readParquet(path);
    expect(found).toEqual(rows.map((row) => object(COLUMNS, row)));
    const bytes = await readFile(path);
    const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
    const others = await parquetReadObjects({ file, rowStart: 24_990, rowEnd: 25_001 });
    expect(
      others.map(({ run, dataset, up, labels }) => [
        run,
        dataset ?? undefined,
        Number(up),
        labels ?? undefined,
      ]),
    ).toEqual(
      rows
        .slice(24_990)
        .map(([run, dataset, , up, labels]) => [
          run,
          dataset,
          up,
          labels === undefined ? undefined : BigInt(Number(labels)),
        ]),
    );
  });
});

describe("ColumnBuffer", () => {
  const run = (name: string) => ({ project: "en-hu", group: "g", run: name });
  const columns: readonly Column[] = [
    ...["project", "group", "run"].map((name): Column => ({ name, type: "text", optional: false })),
    { name: "up", type: "count", optional: false },
    { name: "rate", type: "float", optional: true },
  ];

  /** Puts the row groups into a file with these columns; all of them must have them. */
  async function written(
    buffer: ColumnBuffer,
    file: PartFile,
    part: string,
    names: readonly Column[],
  ): Promise<readonly Row[]> {
    buffer.close();
    file.close();
    const frame = new ParquetFrame(names, FACTS);
    const bytes = await readFile(part);
    for (const group of buffer.groups) frame.add(group, HEAD.length);
    const path = `${part}.parquet`;
    await writeFile(path, Buffer.concat([HEAD, bytes, frame.foot(HEAD.length + bytes.length)]));
    return (await readParquet(path)).rows;
  }

  it("divides rows into groups of 65,536, wherever runs and chunks end", async () => {
    const part = join(folder, "groups");
    const file = new PartFile(part);
    const buffer = new ColumnBuffer(file, columns, FACTS);
    const wanted: Row[] = [];
    for (const [name, rows] of [
      ["a", 65_533],
      ["b", 3],
      ["c", 70_000],
      ["d", 1],
    ] as const) {
      const up = Float64Array.from({ length: rows }, (_, index) => index * 1000);
      buffer.add(Object.values(run(name)), rows, (from, to, { number }) => {
        number("up")?.pushAll(up.subarray(from, to));
        const bits = Uint32Array.from({ length: to - from }, (_, index) => (from + index) % 2);
        number("rate")?.pushAll(up.subarray(from, to), bits, 1);
      });
      for (let row = 0; row < rows; row += 1)
        wanted.push({ ...run(name), up: row * 1000, ...(row % 2 === 1 ? { rate: row * 1000 } : {}) });
    }
    expect(await written(buffer, file, part, columns)).toEqual(wanted);
    expect(buffer.groups.map(({ rows }) => rows)).toEqual([65_536, 65_536, 4465]);
  });

  it("leaves rows without a column that came later, or that their run lacks", async () => {
    const part = join(folder, "late");
    const file = new PartFile(part);
    const buffer = new ColumnBuffer(file, columns, FACTS);
    const late: Column = { name: "bleu", type: "float", optional: true };
    const add = (name: string, fields: Record<string, number | undefined>) =>
      buffer.add(Object.values(run(name)), 1, (_from, _to, { number }) => {
        for (const [field, value] of Object.entries(fields)) number(field)?.push(value);
      });
    add("a", { up: 1 });
    add("b", { up: 2, rate: 7 });
    buffer.addColumns([late]);
    add("c", { up: 3, bleu: 20 });
    add("d", { up: 4, rate: undefined, bleu: undefined });
    add("e", { up: 5, rate: Number.NaN });
    expect(await written(buffer, file, part, [...columns, late])).toEqual([
      { ...run("a"), up: 1 },
      { ...run("b"), up: 2, rate: 7 },
      { ...run("c"), up: 3, bleu: 20 },
      { ...run("d"), up: 4 },
      { ...run("e"), up: 5, rate: Number.NaN },
    ]);
  });

  it("says nothing of a column that no row has, and fails for one that every row needs", () => {
    const file = new PartFile(join(folder, "never"));
    const buffer = new ColumnBuffer(file, columns, FACTS);
    buffer.add(Object.values(run("a")), 2, (_from, _to, { number }) =>
      number("up")?.pushAll(Float64Array.of(1, 2)),
    );
    buffer.encode();
    expect(buffer.groups[0]?.columns.map(({ path }) => path[0])).toEqual(["project", "group", "run", "up"]);
    buffer.add(Object.values(run("a")), 2, (_from, _to, { number }) => number("up")?.push(1));
    expect(() => buffer.encode()).toThrow("some rows lack up");
  });
});
