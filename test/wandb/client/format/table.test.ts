import { describe, expect, it } from "vitest";
import { tableFiles } from "../../../../src/wandb/client/format/table.js";

const DATASETS = {
  columns: ["Name", "Count"],
  data: [
    ["a", 1],
    ["b", 2],
  ],
};

describe("a table", () => {
  it("has the bytes, the hash and the column types of the official client's", () => {
    const files = tableFiles("Datasets_table", 0, DATASETS);
    // Recorded from wandb 0.31.0 for the same table.
    expect(files.sha256).toBe("8e6f98700ac17c1d4afcf16a3be832e34685a9f3aadee04d1bfdc662f404dbdc");
    expect(files.path).toBe("media/table/Datasets_table_0_8e6f98700ac17c1d4afc.table.json");
    expect(files.bytes.length).toBe(53);
    const optional = (type: string) => ({
      wb_type: "union",
      params: { allowed_types: [{ wb_type: "none" }, { wb_type: type }] },
    });
    expect(JSON.parse(files.artifactBytes.toString())).toEqual({
      _type: "table",
      columns: ["Name", "Count"],
      data: [
        ["a", 1],
        ["b", 2],
      ],
      column_types: {
        wb_type: "typedDict",
        params: { type_map: { Name: optional("string"), Count: optional("number") } },
      },
      log_mode: "IMMUTABLE",
      ncols: 2,
      nrows: 2,
    });
  });

  it("has empty cells where a number isn't finite, and counts them", () => {
    const files = tableFiles("t", 1, {
      columns: ["x"],
      data: [[Number.NaN], [1], [Number.POSITIVE_INFINITY]],
    });
    expect(files.bytes.toString()).toBe('{"columns":["x"],"data":[[null],[1],[null]]}');
    expect(files.nonFiniteCells).toBe(2);
  });

  it("refuses a row that has not one cell a column", () => {
    expect(() => tableFiles("t", 0, { columns: ["a", "b"], data: [[1]] })).toThrow(RangeError);
  });

  // Recorded from wandb 0.31.0, for the column of several types with allow_mixed_types.
  it.each([
    ["text", ["a", null], [{ wb_type: "none" }, { wb_type: "string" }]],
    ["numbers", [1, null], [{ wb_type: "none" }, { wb_type: "number" }]],
    ["truth values", [true, null], [{ wb_type: "boolean" }, { wb_type: "none" }]],
    ["nothing", [null], [{ wb_type: "none" }, { wb_type: "unknown" }]],
    ["several types", ["a", 1], [{ wb_type: "any" }, { wb_type: "none" }]],
    [
      "lists",
      [[1, 2], null],
      [{ wb_type: "none" }, { wb_type: "list", params: { element_type: { wb_type: "number" }, length: 2 } }],
    ],
  ])("has the official client's type for a column of %s", (_, cells, types) => {
    const files = tableFiles("t", 0, { columns: ["x"], data: cells.map((cell) => [cell]) });
    expect(JSON.parse(files.artifactBytes.toString()).column_types.params.type_map.x).toEqual({
      wb_type: "union",
      params: { allowed_types: types },
    });
  });
});
