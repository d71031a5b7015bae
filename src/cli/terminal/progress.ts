/** A progress bar on a terminal, for work that is long enough. */
import type { WriteStream } from "node:tty";
import { size } from "../receipts/receipt.js";

/** Less than this is done before a bar could be read. */
const WORTH_A_BAR = 64e6;

/** Shows how much of the input has been read. */
export interface Progress {
  add(bytes: number): void;
  /** A run is done. */
  done(): void;
  stop(): void;
}

/** What there is to do. */
export interface Extent {
  readonly bytes: number;
  /** Absent if runs are not counted. */
  readonly runs?: number;
}

/** A bar on `terminal` if it is one and the work is long; otherwise nothing. */
export async function startProgress(
  extent: Extent,
  terminal: WriteStream,
  quiet: boolean,
): Promise<Progress> {
  const { bytes, runs } = extent;
  const nothing = () => {};
  if (quiet || !terminal.isTTY || bytes < WORTH_A_BAR) return { add: nothing, done: nothing, stop: nothing };
  const { default: progress } = await import("cli-progress");
  const bar = new progress.SingleBar({
    stream: terminal,
    hideCursor: true,
    clearOnComplete: true,
    format: `{bar} {percentage}%  ${runs === undefined ? "" : "{runs} runs  "}{read} of {all}  {speed}/s  {eta_formatted} left`,
  });
  const started = performance.now();
  let read = 0;
  let finished = 0;
  const state = () => ({
    read: size(read),
    all: size(bytes),
    runs: `${finished} of ${runs}`,
    speed: size((read * 1000) / Math.max(1, performance.now() - started)),
  });
  bar.start(bytes, 0, state());
  const update = () => bar.update(Math.min(read, bytes), state());
  return {
    add: (more) => {
      read += more;
      update();
    },
    done: () => {
      finished += 1;
      update();
    },
    stop: () => bar.stop(),
  };
}
