/** A progress bar on a terminal, for work that is long enough. */
import type { WriteStream } from "node:tty";
import { size } from "./receipt.js";

/** Less than this is done before a bar could be read. */
const WORTH_A_BAR = 64e6;

/** Shows how much of the input has been read. */
export interface Progress {
  add(bytes: number): void;
  stop(): void;
}

/** A bar on `terminal` if it is one and the work is long; otherwise nothing. */
export async function startProgress(bytes: number, terminal: WriteStream, quiet: boolean): Promise<Progress> {
  if (quiet || !terminal.isTTY || bytes < WORTH_A_BAR) return { add: () => {}, stop: () => {} };
  const { default: progress } = await import("cli-progress");
  const bar = new progress.SingleBar({
    stream: terminal,
    hideCursor: true,
    clearOnComplete: true,
    format: "{bar} {percentage}%  {read} of {all}  {eta_formatted} left",
  });
  let read = 0;
  bar.start(bytes, 0, { read: size(0), all: size(bytes) });
  return {
    add: (more) => {
      read += more;
      bar.update(Math.min(read, bytes), { read: size(read), all: size(bytes) });
    },
    stop: () => bar.stop(),
  };
}
