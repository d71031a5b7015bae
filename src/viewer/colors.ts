/** Colours of the theme, and of runs. */
import { element } from "./dom.js";

/** Colours for a canvas, which style sheets do not reach. */
export interface Palette {
  readonly text: string;
  readonly muted: string;
  readonly grid: string;
  readonly surface: string;
  readonly warn: string;
  readonly dark: boolean;
}

/**
 * Lightness, chroma and hue (OKLCH) of the first runs, on a light surface and on a dark one. Any two with similar hues
 * differ in lightness: with deuteranopia, protanopia and tritanopia CIEDE2000 stays
 * above 14, a test says so.
 */
const INKS = [
  { light: [0.36, 0.22, 279], dark: [0.77, 0.1, 259] },
  { light: [0.64, 0.15, 125], dark: [0.76, 0.15, 360] },
  { light: [0.31, 0.11, 41], dark: [0.58, 0.11, 171] },
  { light: [0.67, 0.14, 287], dark: [0.74, 0.15, 102] },
  { light: [0.63, 0.11, 356], dark: [0.94, 0.08, 126] },
  { light: [0.41, 0.08, 163], dark: [0.56, 0.1, 331] },
  { light: [0.53, 0.16, 300], dark: [0.57, 0.17, 33] },
  { light: [0.52, 0.11, 118], dark: [0.92, 0.12, 184] },
  { light: [0.47, 0.08, 333], dark: [0.92, 0.18, 109] },
  { light: [0.3, 0.1, 322], dark: [0.63, 0.16, 281] },
] as const;
/** Runs beyond the colours have dashes: strokes and gaps in pixels. */
const DASHES = [[], [9, 4], [9, 3, 2, 3], [2, 3]] as const;

/** The colour of the run with this number, readable on the theme's surface. */
export function runColor(index: number, dark: boolean): string {
  const [lightness, chroma, hue] = INKS[index % INKS.length]?.[dark ? "dark" : "light"] ?? [];
  return `oklch(${lightness} ${chroma} ${hue})`;
}

/** The dashes of its lines; empty for solid lines. */
export function runDashes(index: number): readonly number[] {
  return DASHES[roundOf(index)] ?? [];
}

/** What stands for a run in a legend: its colour, dashed as its lines are. */
export function swatch(index: number, dark: boolean): HTMLElement {
  const made = element("span", { class: `swatch dashes-${roundOf(index)}` });
  made.style.backgroundColor = runColor(index, dark);
  return made;
}

function roundOf(index: number): number {
  return Math.floor(index / INKS.length) % DASHES.length;
}

/** The colours that the style sheet gives at this moment. */
export function readPalette(): Palette {
  const style = getComputedStyle(document.documentElement);
  const color = (name: string) => style.getPropertyValue(name).trim();
  return {
    text: color("--text"),
    muted: color("--muted"),
    grid: color("--grid"),
    surface: color("--surface"),
    warn: color("--warn"),
    dark: isDark(),
  };
}

/** Whether the page is dark. */
export function isDark(): boolean {
  return document.documentElement.dataset["theme"] === "dark";
}
