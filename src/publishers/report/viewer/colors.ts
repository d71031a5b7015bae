/** Colours of the theme, and of runs. */

/** What is drawn into a canvas, where style sheets do not reach. */
export interface Palette {
  readonly text: string;
  readonly muted: string;
  readonly grid: string;
  readonly surface: string;
  readonly warn: string;
  readonly dark: boolean;
}

/** Hues that stay apart for most eyes, the most different first. */
const HUES = [255, 35, 150, 320, 85, 200, 0, 120, 290, 60];
const GOLDEN_ANGLE = 137.508;

/** The colour of the run with this number, readable on the theme's surface. */
export function runColor(index: number, dark: boolean): string {
  const hue = HUES[index] ?? (index * GOLDEN_ANGLE) % 360;
  const round = index < HUES.length ? 0 : 1 + (index % 3);
  const lightness = dark ? 0.76 - round * 0.03 : 0.54 + round * 0.02;
  const chroma = dark ? 0.13 : 0.16 - round * 0.01;
  return `oklch(${lightness.toFixed(2)} ${chroma.toFixed(2)} ${hue.toFixed(0)})`;
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
