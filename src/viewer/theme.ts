/** The theme, dark or light: the system's until the user chooses. */
import { isDark } from "./colors.js";

type Theme = "dark" | "light";

const KEY = "marian-tracking theme";
const system = matchMedia("(prefers-color-scheme: dark)");

/** Restores the earlier choice, or follows the system. `changed` is called when the colours have changed. */
export function startTheme(changed: () => void): void {
  setTheme(stored() ?? systemTheme());
  system.addEventListener("change", () => {
    if (stored() !== undefined) return;
    setTheme(systemTheme());
    changed();
  });
}

/** Makes the page light while it is printed. `changed` is called when the colours have changed. */
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
  // For browsers that print without the events above.
  matchMedia("print").addEventListener("change", ({ matches }) => (matches ? begin() : end()));
}

/** Switches between dark and light. */
export function toggleTheme(): void {
  const theme = isDark() ? "light" : "dark";
  setTheme(theme);
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // The browser may deny storage; the choice then ends with the page.
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
