/** Tables of facts, sorted by a click on their head. */
import { element } from "./dom.js";

/** One cell. */
export interface Cell {
  readonly text: string;
  /** What it is sorted by; without it by its text, and after all numbers. */
  readonly value?: number;
  /** The best of its row or column. */
  readonly best?: boolean;
  readonly warn?: boolean;
  readonly title?: string;
}

/** A column of a table. */
export interface Head {
  readonly text: string;
  readonly title?: string;
  /** `number`: aligned right; `path`: cut if it is long; `words`: wrapped. */
  readonly kind?: "number" | "path" | "words";
}

/** The order of tables by caption, so that a table that is built again keeps its order. */
const orders = new Map<string, { readonly head: string; readonly down: boolean }>();

/** A table; the first column names the rows. */
export function dataTable(
  caption: string,
  heads: readonly Head[],
  rows: readonly (readonly Cell[])[],
): HTMLElement {
  const body = element("tbody");
  const fill = (sorted: readonly (readonly Cell[])[]) => {
    body.replaceChildren(
      ...sorted.map((cells) =>
        element("tr", {}, ...cells.map((cell, column) => cellOf(cell, column, heads))),
      ),
    );
  };
  const sort = () => {
    const order = orders.get(caption);
    const sortedBy = heads.findIndex((head) => headName(head) === order?.head);
    if (order === undefined || sortedBy === -1) {
      fill(rows);
      return;
    }
    for (const [column, cell] of headCells.entries()) {
      if (column === sortedBy) cell.setAttribute("aria-sort", order.down ? "descending" : "ascending");
      else cell.removeAttribute("aria-sort");
    }
    fill([...rows].sort((one, other) => compare(one[sortedBy], other[sortedBy], order.down)));
  };
  const headCells = heads.map((head) => {
    const { text, title, kind } = head;
    const name = headName(head);
    const focus = `${caption}: ${name}`;
    const button = element("button", { type: "button", title, "data-focus": focus }, text);
    const cell = element("th", { scope: "col", class: kind }, button);
    button.addEventListener("click", () => {
      const order = orders.get(caption);
      orders.set(caption, { head: name, down: order?.head === name ? !order.down : kind === "number" });
      sort();
    });
    return cell;
  });
  sort();
  return tableBox(caption, { class: "table-box", "data-focus": caption }, headCells, body);
}

/** A table in a region that scrolls. */
export function tableBox(
  caption: string,
  attributes: { readonly class: string; readonly "data-focus"?: string },
  heads: readonly HTMLElement[],
  body: HTMLElement,
): HTMLElement {
  const table = element(
    "table",
    {},
    element("caption", { class: "unseen" }, caption),
    element("thead", {}, element("tr", {}, ...heads)),
    body,
  );
  return element("div", { ...attributes, tabindex: 0, role: "region", "aria-label": caption }, table);
}

/** Identifies a column: two may have the same text. */
function headName({ text, title = "" }: Head): string {
  return `${text} ${title}`;
}

function cellOf({ text, best, warn, title }: Cell, column: number, heads: readonly Head[]): HTMLElement {
  const kinds = [heads[column]?.kind ?? "", best === true ? "best" : "", warn === true ? "warn" : ""];
  const name = kinds.filter((kind) => kind !== "").join(" ");
  const attributes = { class: name === "" ? undefined : name, title };
  if (column === 0) return element("th", { scope: "row", ...attributes }, text);
  return element(
    "td",
    attributes,
    text,
    ...(best === true ? [element("span", { class: "unseen" }, " (best)")] : []),
  );
}

function compare(one: Cell | undefined, other: Cell | undefined, down: boolean): number {
  const [left, right] = [one?.value, other?.value];
  if (left === undefined && right === undefined) {
    return (one?.text ?? "").localeCompare(other?.text ?? "", "en", { numeric: true }) * (down ? -1 : 1);
  }
  if (left === undefined || Number.isNaN(left)) return 1;
  if (right === undefined || Number.isNaN(right)) return -1;
  return down ? right - left : left - right;
}
