/** What curves are drawn on: dots of braille, or one mark a character. */

/** A grid of dots, the first at the top left. */
export interface Canvas {
  /** Dots across and down. */
  readonly width: number;
  readonly height: number;
  /** Sets a dot for the curve with this number; what lies outside is left out. */
  dot(x: number, y: number, curve: number): void;
  /** The characters of a row, each with the number of the curve that was drawn there last; -1 for no curve. */
  row(index: number): readonly { readonly text: string; readonly curve: number }[];
}

/** Marks of curves, where colour can't tell them apart. */
const MARKS = "*+ox#@%&abcdefghijklmnpqrstuvwyzABCDEFGHIJKLMNPQRSTUVWYZ";

/** The mark of a curve. */
export function markOf(curve: number): string {
  return MARKS[curve % MARKS.length] ?? "*";
}

/** Bits of a braille character by column and row of its dots. */
const BITS = [
  [0x01, 0x02, 0x04, 0x40],
  [0x08, 0x10, 0x20, 0x80],
] as const;
const BLANK = 0x2800;

/** A canvas of `columns` × `rows` characters. */
export function makeCanvas(columns: number, rows: number, braille: boolean): Canvas {
  const [across, down] = braille ? [2, 4] : [1, 1];
  const bits = new Uint8Array(columns * rows);
  const curves = new Int16Array(columns * rows).fill(-1);
  const width = columns * across;
  const height = rows * down;
  const character = (cell: number) => {
    const curve = curves[cell] ?? -1;
    if (braille && curve >= 0) return String.fromCharCode(BLANK + (bits[cell] ?? 0));
    return curve < 0 ? " " : markOf(curve);
  };
  return {
    width,
    height,
    dot(x, y, curve) {
      if (x < 0 || y < 0 || x >= width || y >= height) return;
      const cell = Math.floor(y / down) * columns + Math.floor(x / across);
      bits[cell] = (bits[cell] ?? 0) | (BITS[x % 2]?.[y % 4] ?? 0);
      curves[cell] = curve;
    },
    row: (index) =>
      Array.from({ length: columns }, (_, column) => {
        const cell = index * columns + column;
        return { text: character(cell), curve: curves[cell] ?? -1 };
      }),
  };
}

/** A dot: across, down. */
export type Dot = readonly [number, number];

/** A straight line between two dots, both included. */
export function drawLine(canvas: Canvas, from: Dot, to: Dot, curve: number): void {
  const [across, down] = [to[0] - from[0], to[1] - from[1]];
  const steps = Math.max(Math.abs(across), Math.abs(down), 1);
  for (let step = 0; step <= steps; step += 1)
    canvas.dot(
      Math.round(from[0] + (across * step) / steps),
      Math.round(from[1] + (down * step) / steps),
      curve,
    );
}
