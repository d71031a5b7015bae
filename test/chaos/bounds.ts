/** Bounds of time that hold on a machine with other work too: waits last as long on it, the program's own work longer. */
import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { binaryPath, cleanEnvironment } from "../cli/run-binary.js";

/** So long as a promise says, and the time that so many starts of the program take. */
export interface Bound {
  /** Milliseconds. */
  readonly promised: number;
  readonly starts: number;
}

/** Milliseconds that a start of the program takes when nothing else of the table runs. */
let atFirst: Promise<number> | undefined;

/** Milliseconds that a start of the program takes now. */
export async function startUp(): Promise<number> {
  const begun = performance.now();
  const child = spawn(process.execPath, [binaryPath("run"), "--version"], {
    env: cleanEnvironment({}),
    stdio: "ignore",
  });
  await new Promise((resolve) => child.once("close", resolve));
  return performance.now() - begun;
}

async function firstStartUp(): Promise<number> {
  // The first start of all reads the program from the disk.
  await startUp();
  return startUp();
}

/** Measures the machine, unless that is done. */
export async function measureMachine(): Promise<number> {
  atFirst ??= firstStartUp();
  return atFirst;
}

/**
 * Calls `late` once the bound is over and `isOver` is not; the time counts from the call. The machine is measured again
 * before, since it may have more to do by then.
 */
export async function unlessWithin(
  { promised, starts }: Bound,
  isOver: () => boolean,
  late: (milliseconds: number) => void,
): Promise<void> {
  const begun = performance.now();
  let start = await measureMachine();
  for (let tries = 0; tries < 3; tries += 1) {
    const left = begun + promised + starts * start - performance.now();
    if (left <= 0) break;
    await sleep(left, undefined, { ref: false });
    if (isOver()) return;
    start = Math.max(start, await startUp());
  }
  if (!isOver()) late(performance.now() - begun);
}
