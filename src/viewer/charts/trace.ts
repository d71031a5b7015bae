/** What one run shows in one chart: lines of points whose places never go back. */
import { isPresent, type Table } from "../../report/table.js";

/** A line; only NaN and infinity break it. */
export interface TraceLine {
  readonly segment: number;
  /** Whether these updates were trained again after a restart. */
  readonly superseded: boolean;
  /** Places, never falling. */
  readonly x: Float64Array;
  /** Values; NaN and infinities are among them. */
  readonly y: Float64Array;
  /** Their rows in the table. */
  readonly row: Uint32Array;
}

/** All lines of a run in a chart. */
export interface Trace {
  readonly traceLines: readonly TraceLine[];
  /** Rows with a value whose place on this axis is unknown. */
  readonly unplaced: number;
}

/**
 * Divides the rows of a table into lines: at a restart, at rows whose places go back (two writers in one log), and at
 * the first update that a later segment trained again.
 *
 * @param joined Whether a segment's line starts at the row that it went on from; over times it starts at its own.
 */
export function traceOf(
  table: Table,
  column: string,
  places: Float64Array,
  resumed: ReadonlyMap<number, number>,
  joined: boolean,
): Trace {
  const values = table.columns.get(column);
  const segments = table.columns.get("segment")?.values;
  const ups = table.columns.get("up")?.values;
  const traceLines: TraceLine[] = [];
  /** Rows whose updates were not trained again by what has come yet, rising. */
  const chain: number[] = [];
  let open: { segment: number; superseded: boolean; rows: number[] } | undefined;
  let unplaced = 0;
  const close = () => {
    if (open === undefined) return;
    const row = Uint32Array.from(open.rows);
    const [first = 0, last = 0] = [row[0], row.at(-1)];
    // A long log has few gaps: its columns need not be there again for each chart.
    const whole = last - first === row.length - 1;
    const pick = (from: Float64Array | undefined) =>
      whole && from !== undefined
        ? from.subarray(first, last + 1)
        : Float64Array.from(row, (index) => from?.[index] ?? Number.NaN);
    const { segment, superseded } = open;
    traceLines.push({ segment, superseded, x: pick(places), y: pick(values?.values), row });
  };
  for (let row = 0; row < table.length; row += 1) {
    if (!isPresent(values, row)) continue;
    const place = places[row] ?? Number.NaN;
    if (Number.isNaN(place)) {
      unplaced += 1;
      continue;
    }
    const segment = segments?.[row] ?? 0;
    const superseded = (ups?.[row] ?? 0) >= (resumed.get(segment) ?? Number.POSITIVE_INFINITY);
    const last = open?.rows.at(-1);
    const back = last !== undefined && place < (places[last] ?? place);
    const up = ups?.[row] ?? 0;
    while (chain.length > 0 && (ups?.[chain.at(-1) ?? 0] ?? 0) >= up) chain.pop();
    const from = chain.at(-1);
    chain.push(row);
    if (open === undefined || open.segment !== segment || back) {
      const restarted = open !== undefined && open.segment !== segment;
      close();
      const join = joined && restarted && from !== undefined && (places[from] ?? 0) <= place;
      open = { segment, superseded, rows: join ? [from] : [] };
    } else if (open.superseded !== superseded && last !== undefined) {
      close();
      // The line goes on from the point before.
      open = { segment, superseded, rows: [last] };
    }
    open.rows.push(row);
  }
  close();
  return { traceLines, unplaced };
}

/**
 * An exponential moving average without a bias at its start, in the order of the updates: after a restart it goes on
 * from the row that the training went on from. NaN and infinity stay, and the average continues after them.
 *
 * @param weight Of what came before, below 1.
 */
export function smoothed(table: Table, column: string, weight: number): Float64Array {
  const values = table.columns.get(column);
  const ups = table.columns.get("up")?.values;
  const sums = new Float64Array(table.length);
  const rests = new Float64Array(table.length);
  const smooth = new Float64Array(table.length).fill(Number.NaN);
  const chain: number[] = [];
  for (let row = 0; row < table.length; row += 1) {
    if (!isPresent(values, row)) continue;
    while (chain.length > 0 && (ups?.[chain.at(-1) ?? 0] ?? 0) >= (ups?.[row] ?? 0)) chain.pop();
    const before = chain.at(-1);
    const sum = before === undefined ? 0 : (sums[before] ?? 0);
    const rest = before === undefined ? 1 : (rests[before] ?? 1);
    const value = values?.values[row] ?? Number.NaN;
    const counts = Number.isFinite(value);
    sums[row] = counts ? weight * sum + (1 - weight) * value : sum;
    rests[row] = counts ? rest * weight : rest;
    smooth[row] = counts ? (sums[row] ?? 0) / (1 - (rests[row] ?? 0)) : value;
    chain.push(row);
  }
  return smooth;
}
