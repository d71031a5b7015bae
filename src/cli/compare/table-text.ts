/** Tables with a column for each of the things compared. */
import { escapeLine } from "../../io/escape.js";
import type { ComparedValue } from "../../report/run-comparison.js";

/** A column of one thing, made of parts that stand close together. */
export interface SideColumn {
  readonly name: string;
  readonly parts: readonly {
    /** Empty without a head. */
    readonly head: string;
    readonly align: "left" | "right";
    /** By row; each is one or more lines. */
    readonly cells: readonly string[];
  }[];
}

/** What stands before the columns. */
export interface LabelColumn {
  readonly head: string;
  /** By row. */
  readonly cells: readonly string[];
  /** Leaves out a label that is that of the row above. */
  readonly once?: boolean;
}

/** A name is broken into lines of this width at least. */
const NAME_WIDTH = 20;
const GAP = "  ";

/** The table as text; columns that do not fit into `width` follow below, with the labels again. */
export function sideBySide(
  labels: readonly LabelColumn[],
  columns: readonly SideColumn[],
  width: number,
): string {
  const hasHeads = columns.some(({ parts }) => parts.some(({ head }) => head !== ""));
  const labelBlock = labels.map(({ head, cells, once }) => {
    const shown = cells.map((cell, row) => (once && cell === cells[row - 1] ? "" : cell));
    const above = hasHeads ? ["", head] : [head];
    return aligned(
      [...above, ...shown].map((text) => [text]),
      "left",
    );
  });
  const room = width - labelBlock.reduce((sum, { width: own }) => sum + own + GAP.length, 0);
  const blocks: Block[][] = [];
  let left = 0;
  for (const column of columns) {
    const block = columnBlock(column, hasHeads);
    const needed = block.width + GAP.length;
    if (blocks.length === 0 || needed > left) {
      blocks.push([]);
      left = room + GAP.length;
    }
    blocks.at(-1)?.push(block);
    left -= needed;
  }
  return blocks.map((block) => linesOf([...labelBlock, ...block])).join("\n");
}

/** Cells of one width, each of one or more lines. The first is the name; if there are heads, the second is the head. */
interface Block {
  readonly width: number;
  readonly cells: readonly (readonly string[])[];
}

function columnBlock({ name, parts }: SideColumn, hasHeads: boolean): Block {
  const shown = parts.filter(({ head, cells }) => head !== "" || cells.some((cell) => cell !== ""));
  const blocks = (shown.length > 0 ? shown : parts.slice(0, 1)).map(({ head, align, cells }) =>
    aligned(
      [...(hasHeads ? [head] : []), ...cells].map((cell) => cell.split("\n")),
      align,
    ),
  );
  // A part without a head belongs to the one before.
  const gaps = blocks.map((_, part) => (part === 0 ? "" : shown[part]?.head === "" ? " " : GAP));
  const rows = blocks[0]?.cells.map((_, row) => joined(blocks, gaps, row)) ?? [];
  const inner = blocks.reduce((sum, { width }, part) => sum + width + (gaps[part] ?? "").length, 0);
  const lines = wrapped(name, Math.max(inner, NAME_WIDTH));
  const width = Math.max(inner, ...lines.map(({ length }) => length));
  return {
    width,
    cells: [lines, ...rows].map((cell) =>
      cell.map((line) => (parts[0]?.align === "right" ? line.padStart(width) : line.padEnd(width))),
    ),
  };
}

/** The lines of a row, of several blocks next to each other with a gap before each. */
function joined(blocks: readonly Block[], gaps: readonly string[], row: number): string[] {
  const height = Math.max(...blocks.map(({ cells }) => cells[row]?.length ?? 0));
  return Array.from({ length: height }, (_, line) =>
    blocks
      .map(({ width, cells }, at) => (gaps[at] ?? "") + (cells[row]?.[line] ?? " ".repeat(width)))
      .join(""),
  );
}

/** Pads cells to one width; numbers stand with their decimal points below each other. */
function aligned(cells: readonly (readonly string[])[], align: "left" | "right"): Block {
  const texts = align === "left" ? cells : atDecimalPoint(cells);
  const width = Math.max(0, ...texts.flat().map(({ length }) => length));
  const pad = (text: string) => (align === "left" ? text.padEnd(width) : text.padStart(width));
  return { width, cells: texts.map((cell) => cell.map(pad)) };
}

const NUMBER = /^[*@+-]?\d+(\.\d+)?$/;

function atDecimalPoint(cells: readonly (readonly string[])[]): string[][] {
  const fraction = (text: string) => NUMBER.exec(text)?.[1] ?? "";
  const longest = Math.max(0, ...cells.flat().map((text) => fraction(text).length));
  return cells.map((cell) =>
    cell.map((text) => (NUMBER.test(text) ? text + " ".repeat(longest - fraction(text).length) : text)),
  );
}

/** Rows of blocks as lines; names stand above, aligned to the head. */
function linesOf(blocks: readonly Block[]): string {
  const rows = Math.max(...blocks.map(({ cells }) => cells.length));
  const gaps = blocks.map((_, at) => (at === 0 ? "" : GAP));
  // Names stand on the table.
  const height = Math.max(...blocks.map(({ cells }) => cells[0]?.length ?? 0));
  const sunk = blocks.map(({ width, cells: [name = [], ...cells] }) => ({
    width,
    cells: [[...Array<string>(height - name.length).fill(" ".repeat(width)), ...name], ...cells],
  }));
  const lines = Array.from({ length: rows }, (_, row) => joined(sunk, gaps, row)).flat();
  return `${lines.map((line) => line.trimEnd()).join("\n")}\n`;
}

/** A text in lines of a width. */
export function wrapped(text: string, width: number): string[] {
  // A word that is wider than a line is broken after the marks of paths and names, else anywhere.
  const parts = text
    .split(/(?<=\s)/)
    .flatMap((word) => (word.trimEnd().length > width ? marked(word, width) : word));
  const lines: string[] = [];
  let line = "";
  for (const part of parts) {
    if (line !== "" && (line + part).trimEnd().length > width) {
      lines.push(line.trimEnd());
      line = "";
    }
    line += part;
  }
  return [...lines, line.trimEnd()];
}

/** The parts of a long word, none wider than a line. */
function marked(word: string, width: number): string[] {
  const parts = word.split(/(?<=[/_.,:-])/);
  return parts.flatMap((part) => part.match(new RegExp(`.{1,${width}}`, "gsu")) ?? []);
}

/** A difference with its sign. */
export function signed(difference: number): string {
  return difference < 0 ? String(difference) : `+${difference}`;
}

/** The parts of a column of values: the best has a star, then the difference to the first column, then the update. */
export function valueParts(
  head: string,
  values: readonly (ComparedValue | undefined)[],
  updateOf: (value: ComparedValue, row: number) => string = () => "",
): SideColumn["parts"] {
  const numbers = values.map((one) => (one === undefined ? "-" : `${one.isBest ? "*" : ""}${one.value}`));
  const differences = values.map((one) => (one?.difference === undefined ? "" : signed(one.difference)));
  const updates = values.map((one, row) => (one === undefined ? "" : updateOf(one, row)));
  return [
    { head, align: "right", cells: numbers },
    { head: "", align: "right", cells: differences },
    { head: "", align: "right", cells: updates },
  ];
}

/** Text in a cell of a Markdown table. */
export function markdownCell(text: string): string {
  return escapeLine(text).replaceAll("|", "\\|");
}

/** Markdown: labels to the left, values to the right. */
export function markdownTable(
  heads: readonly string[],
  rows: readonly (readonly string[])[],
  labels: number,
): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const rule = heads.map((_, index) => (index < labels ? "---" : "---:"));
  return `${[line(heads), line(rule), ...rows.map(line)].join("\n")}\n`;
}

/** A value in Markdown: `**31** (+1) @ 30000`. */
export function markdownValue(value: ComparedValue | undefined, update = ""): string {
  if (value === undefined) return "-";
  const number = value.isBest ? `**${value.value}**` : String(value.value);
  const difference = value.difference === undefined ? "" : ` (${signed(value.difference)})`;
  return `${number}${difference}${update === "" ? "" : ` ${update}`}`;
}
