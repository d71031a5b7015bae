/** The tooltip at the cursor, and the same as text. */
import { valueAt } from "../../report/table.js";
import { type Palette, swatch } from "../colors.js";
import { element } from "../dom.js";
import { formatExact, formatPlace, formatTime } from "../format.js";
import type { Restart, RunView } from "../run-view.js";
import type { AxisName } from "./axis.js";
import type { ChartKind } from "./chart-kinds.js";
import type { Point } from "./points.js";

/** Runs that are listed; the others are counted. */
const MAX_ROWS = 10;
const MAX_MARKS = 4;
/** Heads of the columns, if lines are smoothed. */
const HEADS = [["name"], ["name"], ["value", "value"], ["note smooth", "smoothed"]] as const;

/** Shows points, the first with details, and the marks near them. */
export class Tooltip {
  readonly element = element("div", { class: "tooltip", "aria-hidden": "true", hidden: true });

  hide(): void {
    this.element.hidden = true;
  }

  /** @param at The cursor in pixels of the plot, which begins at `plot`. */
  show(
    kind: ChartKind,
    { axis, palette }: { readonly axis: AxisName; readonly palette: Palette },
    points: readonly Point[],
    marks: readonly string[],
    at: { readonly left: number; readonly top: number },
    plot: { readonly left: number; readonly top: number },
  ): void {
    const [first] = points;
    if (first === undefined) {
      this.hide();
      return;
    }
    const smoothing = points.some(({ smooth }) => smooth !== undefined);
    const rows = points.slice(0, MAX_ROWS).map((point) => {
      return element(
        "div",
        { class: point === first ? "row first" : "row" },
        swatch(point.view.index, palette.dark),
        element("span", { class: "name" }, point.view.run.name),
        element("span", { class: "value" }, formatExact(point.y)),
        smoothing
          ? element(
              "span",
              { class: "note smooth" },
              point.smooth === undefined ? "" : formatSmooth(point.smooth),
            )
          : element("span", { class: "note" }, noteOf(kind, point)),
      );
    });
    const more = points.length - rows.length;
    this.element.replaceChildren(
      element("div", { class: "place" }, formatPlace(axis, first.x, first.view.run.clock)),
      ...(smoothing
        ? [
            element(
              "div",
              { class: "row heads" },
              ...HEADS.map(([name, text = ""]) => element("span", { class: name }, text)),
            ),
          ]
        : []),
      ...rows,
      ...(more > 0 ? [element("div", { class: "more" }, `and ${more} more`)] : []),
      element("div", { class: "details" }, detailsOf(axis, first)),
      ...marks.slice(0, MAX_MARKS).map((mark) => element("div", { class: "mark" }, mark)),
    );
    this.element.hidden = false;
    const { offsetWidth, offsetHeight, offsetParent } = this.element;
    // It may lie over the next chart, but not outside of the window.
    const host = offsetParent?.getBoundingClientRect().left ?? 0;
    const room = { from: 8 - host, to: document.documentElement.clientWidth - 8 - host - offsetWidth };
    const right = plot.left + at.left + 14;
    const left = right <= room.to ? right : plot.left + at.left - offsetWidth - 14;
    this.element.style.left = `${Math.max(room.from, Math.min(left, room.to))}px`;
    this.element.style.top = `${Math.max(0, plot.top + at.top - offsetHeight / 2)}px`;
  }
}

/** A restart as text. */
export function describeRestart({ run }: RunView, { segment, up }: Restart): string {
  const start = run.segments.find((candidate) => candidate.segment === segment);
  const version = start?.marian_version === undefined ? "Marian" : `Marian ${start.marian_version}`;
  return `${run.name}: ${version} began again, first report at update ${formatExact(up)}`;
}

/** A point as text, for screen readers. */
export function describe(kind: ChartKind, axis: AxisName, point: Point): string {
  const { view, x, y, traceLine } = point;
  const value = `${view.run.name}, ${formatPlace(axis, x, view.run.clock)}: ${kind.title} ${formatExact(y)}`;
  const smooth = point.smooth === undefined ? "" : `smoothed ${formatSmooth(point.smooth)}`;
  const notes = [smooth, noteOf(kind, point), traceLine.superseded ? "trained again later" : ""];
  return [value, ...notes.filter((note) => note !== "")].join(", ");
}

/** A smoothed value is not in the log: six digits distinguish it from its neighbours. */
function formatSmooth(value: number): string {
  return formatExact(Number.isFinite(value) ? Number(value.toPrecision(6)) : value);
}

function noteOf(kind: ChartKind, { table, row }: Point): string {
  if (kind.part !== "validation") return "";
  const stalled = valueAt(table.columns.get("stalled"), row);
  return stalled === undefined ? "new best" : `stalled ${formatExact(stalled)}×`;
}

function detailsOf(axis: AxisName, { view, table, row, traceLine }: Point): string {
  const parts: string[] = [];
  const of = (name: string) => valueAt(table.columns.get(name), row);
  const [epoch, up, time, line] = [of("epoch"), of("up"), of("timestamp"), of("line")];
  const best = of("best");
  if (best !== undefined) parts.push(`best ${formatExact(best)}`);
  if (epoch !== undefined) parts.push(`Ep. ${formatExact(epoch)}`);
  if (up !== undefined && axis !== "up") parts.push(`update ${formatExact(up)}`);
  if (time !== undefined && axis !== "clock") parts.push(formatTime(time, view.run.clock));
  if (view.run.segments.length > 1) parts.push(`start ${traceLine.segment + 1}`);
  if (line !== undefined) parts.push(`line ${formatExact(line)}`);
  if (traceLine.superseded) parts.push("trained again later");
  return parts.join(" · ");
}
