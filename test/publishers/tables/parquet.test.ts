import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parquetMetadata, parquetReadObjects, parquetSchema } from "hyparquet";
import { readColumnIndex, readOffsetIndex } from "hyparquet/src/indexes.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ColumnBuffer } from "../../../src/publishers/tables/column-buffer.js";
import type { Cell, Column } from "../../../src/publishers/tables/columns.js";
import {
  COMPRESSIONS,
  type Compression,
  loadCompressor,
} from "../../../src/publishers/tables/compression.js";
import { HEAD, ParquetFrame } from "../../../src/publishers/tables/parquet.js";
import { PartFile } from "../../../src/publishers/tables/part-file.js";
import { writeTable } from "../../../src/publishers/tables/small-table.js";
import { parquetTypes, query, type Row, readParquet, readTable } from "./read-tables.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "parquet-"));
});
afterAll(() => rm(folder, { recursive: true }));

const FACTS = { program: "a test", compressor: await loadCompressor("snappy") };

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

describe("the metadata of a file", () => {
  const NAMES: readonly Column[] = [
    { name: "run", type: "text", optional: false },
    { name: "line", type: "count", optional: false },
    { name: "cost", type: "float", optional: true },
    { name: "at", type: "timestamp", optional: true },
    { name: "finished", type: "boolean", optional: true },
    { name: "further", type: "metrics", optional: true },
  ];
  const ROWS = Array.from({ length: 70_000 }, (_, row): Cell[] => [
    row < 20_000 ? "a" : "\u{1F40E}",
    row,
    row % 3 === 0 ? undefined : row === 4 ? Number.NaN : row === 5 ? -0 : row / 7,
    row % 5 === 0 ? undefined : 1.7e12 + row * 1000,
    row % 7 === 0 ? undefined : row % 2 === 0,
    row % 1000 === 0
      ? new Map(
          [
            ["x", row],
            ["y_stalled", Number.POSITIVE_INFINITY],
          ].slice(row % 2_000 === 0 ? 1 : 0) as [string, number][],
        )
      : undefined,
  ]);

  async function file(compression: Compression, rows = ROWS): Promise<string> {
    const path = join(folder, `metadata-${compression}-${rows.length}.parquet`);
    const facts = { program: "a test version 1", metadata: { "marian_tracking.table": "training" } };
    const compressor = await loadCompressor(compression);
    await writeTable(path, "parquet", NAMES, rows, { ...facts, compressor, order: ["run", "line"] });
    return path;
  }

  it.each(COMPRESSIONS)("names the compression %s, and all rows come back", async (compression) => {
    const some = ROWS.slice(0, 17_000);
    const path = await file(compression, some);
    const { rows } = await readParquet(path);
    const wanted = some.map((row) =>
      row.map((cell, at) => {
        if (cell instanceof Map) return Object.fromEntries(cell);
        return NAMES[at]?.type === "timestamp" && cell !== undefined
          ? new Date(Number(cell)).toISOString()
          : cell;
      }),
    );
    // As texts, which are compared fast.
    const text = (row: unknown) =>
      JSON.stringify(row, (_key, value) =>
        typeof value === "number" ? (Object.is(value, -0) ? "-0" : String(value)) : value,
      );
    expect(rows.map(text)).toEqual(wanted.map((row) => text(object(NAMES, row as Cell[]))));
    const codecs = await query(
      `select distinct compression from parquet_metadata('${path}') where compression <> 'UNCOMPRESSED'`,
    );
    const names = { snappy: ["SNAPPY"], zstd: ["ZSTD"], gzip: ["GZIP"], none: [] };
    expect(codecs.map((row) => row["compression"])).toEqual(names[compression]);
  });

  it("has bounds and counts of nulls for each column and page, and says how rows are sorted", async () => {
    const path = await file("snappy");
    const bytes = await readFile(path);
    const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
    const metadata = parquetMetadata(buffer);
    expect(metadata.key_value_metadata).toEqual([{ key: "marian_tracking.table", value: "training" }]);
    const schema = parquetSchema(metadata);
    const starts: number[] = [];
    const lines: number[] = [];
    for (const group of metadata.row_groups) {
      expect(group.sorting_columns?.map(({ column_idx }) => column_idx)).toEqual([0, 1]);
      for (const { meta_data: column, ...chunk } of group.columns) {
        const reader = (offset = 0n, length = 0) => ({
          view: new DataView(buffer, Number(offset), length),
          offset: 0,
        });
        const { page_locations: pages } = readOffsetIndex(
          reader(chunk.offset_index_offset, chunk.offset_index_length),
        );
        if (column?.path_in_schema[0] === "line")
          starts.push(...pages.map(({ first_row_index }) => Number(first_row_index)));
        const element = schema.children.find(
          ({ element }) => element.name === column?.path_in_schema[0],
        )?.element;
        if (column === undefined || element === undefined || column.path_in_schema.length > 1) continue;
        const index = readColumnIndex(reader(chunk.column_index_offset, chunk.column_index_length), element);
        expect(index.min_values).toHaveLength(pages.length);
        expect(index.null_counts?.reduce((sum, count) => sum + count, 0n)).toBe(
          column.statistics?.null_count,
        );
        if (element.name === "line") lines.push(...index.min_values.map(Number));
      }
    }
    expect(starts).toEqual([0, 16_384, 0, 16_384, 0]);
    expect(lines).toEqual([0, 16_384, 32_768, 49_152, 65_536]);
    const [bounds] = await query(
      `select min(stats_min_value::double) as least, max(stats_max_value::double) as most, sum(stats_null_count) as nulls
       from parquet_metadata('${path}') where path_in_schema = 'cost'`,
    );
    expect(bounds).toMatchObject({ least: -0, most: 69_998 / 7 });
    expect(Number(bounds?.["nulls"])).toBe(Math.ceil(70_000 / 3));
    const found = await query(
      `select count(*) as rows from '${path}' where run = '\u{1F40E}' and line < 20010`,
    );
    expect(found).toEqual([{ rows: 10n }]);
  });

  it("says nothing of an order that rows don't have", async () => {
    const path = await file("none", ROWS.slice(0, 3).toReversed());
    const bytes = await readFile(path);
    const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
    expect(parquetMetadata(buffer).row_groups[0]?.sorting_columns).toBeUndefined();
  });
});
