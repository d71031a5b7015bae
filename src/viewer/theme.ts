/** Dark or light: as the system says, until the user chooses. */
import { isDark } from "./colors.js";

type Theme = "dark" | "light";

const KEY = "marian-tracking theme";
const system = matchMedia("(prefers-color-scheme: dark)");

/** Takes up an earlier choice, or follows the system. `changed` is called when the colours have changed. */
export function startTheme(changed: () => void): void {
  setTheme(stored() ?? systemTheme());
  system.addEventListener("change", () => {
    if (stored() !== undefined) return;
    setTheme(systemTheme());
    changed();
  });
}

/** Paper is light: while the page is printed, it is, too. `changed` is called when the colours have changed. */
export function followPrinter(changed: (printing: boolean) => void): void {
  let before: Theme | undefined;
  const begin = () => {
    if (before !== undefined) return;
    before = isDark() ? "dark" : "light";
    setTheme("light");
    changed(true);
  };
  const end = () => {
    if (before === undefined) return;
    setTheme(before);
    before = undefined;
    changed(false);
  };
  addEventListener("beforeprint", begin);
  addEventListener("afterprint", end);
  // Also where a page is printed without being asked.
  matchMedia("print").addEventListener("change", ({ matches }) => (matches ? begin() : end()));
}

/** Turns dark to light and light to dark. */
export function toggleTheme(): void {
  const theme = isDark() ? "light" : "dark";
  setTheme(theme);
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // A page may be denied to remember anything; the choice then ends with it.
  }
}

function setTheme(theme: Theme): void {
  document.documentElement.dataset["theme"] = theme;
}

function systemTheme(): Theme {
  return system.matches ? "dark" : "light";
}

function stored(): Theme | undefined {
  try {
    const theme = localStorage.getItem(KEY);
    return theme === "dark" || theme === "light" ? theme : undefined;
  } catch {
    return undefined;
  }
}
