import { stringify } from "csv-stringify/sync";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CellOrder, RowEnds, type RowTransform } from "../../../src/publishers/tables/row-transform.js";

/** What a transform makes of a text that comes in chunks of these sizes, again and again. */
function transformed(transform: RowTransform, text: string, sizes: readonly number[]): string {
  const bytes = new TextEncoder().encode(text);
  // One buffer for all chunks, as a reader of files has it.
  const buffer = new Uint8Array(Math.max(...sizes));
  const parts: Buffer[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = Math.min(sizes[turn % sizes.length] ?? 1, bytes.length - at);
    buffer.set(bytes.subarray(at, at + size));
    parts.push(Buffer.from(transform.take(buffer.subarray(0, size))));
    buffer.fill(0);
    at += size;
  }
  parts.push(Buffer.from(transform.end()));
  return Buffer.concat(parts).toString();
}

const cell = fc.oneof(
  fc.integer().map(String),
  fc.constant(""),
  fc.string(),
  fc.constantFrom('a "quoted" one', "two\r\nlines", "comma, comma", "žluťoučký 🐎"),
);
const rows = (width: number) =>
  fc.array(fc.array(cell, { minLength: width, maxLength: width }), { maxLength: 20 });
const sizes = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 4 });
const csv = (table: readonly (readonly string[])[]) =>
  stringify(table as string[][], { record_delimiter: "windows" });

describe("RowEnds", () => {
  it("adds cells to the end of CSV rows or before the last, whatever is quoted and however it is cut", () => {
    fc.assert(
      fc.property(
        rows(3),
        sizes,
        fc.constantFrom([""], ["7"], ["", "", "", "12"], new Array(40).fill("")),
        fc.constantFrom(0, 1, 2),
        (table, cut, more, trailing) => {
          const text = more.map((one) => `,${one}`).join("");
          const wanted = csv(table.map((row) => row.toSpliced(3 - trailing, 0, ...more)));
          expect(transformed(new RowEnds(text, trailing), csv(table), cut)).toBe(wanted);
        },
      ),
    );
  });
});

describe("CellOrder", () => {
  it("moves, drops and adds cells, whatever is quoted and however it is cut", () => {
    const order = fc.array(fc.oneof(fc.integer({ min: 0, max: 3 }), fc.constantFrom("", "12")), {
      minLength: 1,
      maxLength: 8,
    });
    fc.assert(
      fc.property(rows(4), sizes, order, (table, cut, cells) => {
        const wanted = csv(
          table.map((row) => cells.map((one) => (typeof one === "number" ? (row[one] ?? "") : one))),
        );
        expect(transformed(new CellOrder(cells), csv(table), cut)).toBe(wanted);
      }),
    );
  });
});
