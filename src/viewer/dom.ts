/** Elements, focus and keys. Data gets into the page as text only, never as markup. */

type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

/** A new element; `false` and `undefined` leave an attribute out, `true` sets it without a value. */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) made.setAttribute(name, value === true ? "" : String(value));
  }
  made.append(...children);
  return made;
}

/** The content of a panel without data. */
export function emptyPanel(title: string, text: string): HTMLElement[] {
  return [element("h2", {}, title), element("p", { class: "muted" }, text)];
}

/** The element of the page with this id. */
export function byId<Type extends HTMLElement>(id: string, type: new () => Type): Type {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`the page has no ${id}`);
  return found;
}

/** The bytes of one of the page's data elements, which holds them as base64 of gzip; undefined if it is empty. */
export async function unpackElement(id: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const text = document.getElementById(id)?.textContent?.trim() ?? "";
  if (text === "") return undefined;
  const packed = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const unpacked = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(unpacked).arrayBuffer());
}

/**
 * Returns the focus to the element that had it, or to its replacement with the same `data-focus`, or else to `fallback`,
 * so that the next key and the next Tab continue from there.
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

/** Runs the action of each key that is pressed, unless the user types, or holds Ctrl, Alt or Meta. */
export function listenToKeys(actions: Readonly<Record<string, () => void>>): void {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (takesText(event.target) || document.querySelector("dialog[open]") !== null) return;
    const action = Object.hasOwn(actions, event.key) ? actions[event.key] : undefined;
    if (action === undefined) return;
    event.preventDefault();
    action();
  });
}

function takesText(target: EventTarget | null): boolean {
  if (target instanceof HTMLSelectElement || target instanceof HTMLTextAreaElement) return true;
  return target instanceof HTMLInputElement && !["checkbox", "range"].includes(target.type);
}
