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
