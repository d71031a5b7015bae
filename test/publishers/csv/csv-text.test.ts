import { describe, expect, test } from "vitest";
import { csvLines, csvStart } from "../../../src/publishers/csv/csv-text.js";

describe("CSV text", () => {
  test.each(["a\nb", "a\rb", "a\r\nb", "a,b"])("a field with %j is quoted", (text) => {
    expect(csvLines([[text, "c"]])).toBe(`"${text}",c\r\n`);
    expect(csvStart([text])).toBe(`"${text}",`);
  });

  test("quotes are doubled, and other fields stay as they are", () => {
    expect(csvLines([['a"b', "c d", ""]])).toBe('"a""b",c d,\r\n');
  });
});
