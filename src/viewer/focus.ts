/** Keeps the keyboard where it was while the page changes below it. */

/**
 * Gives the keyboard back to the element that had it, to the one that took its place (of the same `data-focus`), or
 * else to `fallback`, so that the next key and the next Tab go on from there.
 */
export function keepFocus(before: Element | null, fallback: HTMLElement): void {
  if (!(before instanceof HTMLElement) || before === document.body) return;
  if (before.isConnected && before.checkVisibility()) {
    if (document.activeElement !== before) before.focus({ preventScroll: true });
    return;
  }
  const name = before.dataset["focus"];
  const same =
    name === undefined ? null : document.querySelector<HTMLElement>(`[data-focus="${CSS.escape(name)}"]`);
  (same?.checkVisibility() === true ? same : fallback).focus({ preventScroll: true });
}
