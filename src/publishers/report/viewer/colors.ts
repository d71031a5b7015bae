/** Colours of the theme, and of runs. */
import { element } from "./dom.js";

/** What is drawn into a canvas, where style sheets do not reach. */
export interface Palette {
  readonly text: string;
  readonly muted: string;
  readonly grid: string;
  readonly surface: string;
  readonly warn: string;
  readonly dark: boolean;
}

/**
 * Lightness, chroma and hue (OKLCH) of the first runs, on a light surface and on a dark one. Any two are told apart by
 * their lightness where their hues are not: with deuteranopia and protanopia CIEDE2000 stays above 14, a test says so.
 */
const INKS = [
  { light: [0.66, 0.18, 258], dark: [0.69, 0.16, 258] },
  { light: [0.54, 0.19, 6], dark: [0.55, 0.18, 37] },
  { light: [0.64, 0.08, 175], dark: [0.55, 0.08, 147] },
  { light: [0.33, 0.11, 37], dark: [0.7, 0.15, 65] },
  { light: [0.66, 0.09, 79], dark: [0.9, 0.18, 101] },
  { light: [0.45, 0.11, 270], dark: [0.55, 0.2, 287] },
  { light: [0.62, 0.08, 315], dark: [0.55, 0.16, 352] },
  { light: [0.41, 0.08, 168], dark: [0.68, 0.11, 198] },
  { light: [0.49, 0.11, 113], dark: [0.82, 0.1, 147] },
  { light: [0.32, 0.1, 334], dark: [0.9, 0.07, 317] },
] as const;
/** Runs beyond the colours have dashes: strokes and gaps in pixels. */
const DASHES = [[], [9, 4], [9, 3, 2, 3], [2, 3]] as const;

/** The colour of the run with this number, readable on the theme's surface. */
export function runColor(index: number, dark: boolean): string {
  const [lightness, chroma, hue] = INKS[index % INKS.length]?.[dark ? "dark" : "light"] ?? [];
  return `oklch(${lightness} ${chroma} ${hue})`;
}

/** The dashes of its lines; empty where they are whole. */
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
