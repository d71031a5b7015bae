/** Signals: the first asks for an orderly end, a second ends at once. */

import { setMaxListeners } from "node:events";
import { endObjects } from "../io/objects/process-store.js";
import { noteStop, type StopRequest, stopRequest } from "../live/pipe-signals.js";

/** Milliseconds after the first signal in which another one is the same: a shell or npm passes on what the terminal has sent. */
const ONE_KEY_PRESS = 100;
/** Milliseconds after which a command ends though something in it still waits. */
const LAST_MOMENT = 9_500;
/** Milliseconds after which uploads are given up, and aborted. */
const LAST_UPLOAD = 5_000;

/**
 * Lives on when the terminal goes away, unless messages go there: Node forgets that a parent (`nohup`) has had SIGHUP
 * ignored. Every command begins with this.
 */
export function outliveHangup(): void {
  if (!process.stderr.isTTY) process.on("SIGHUP", () => {});
}

/** Watches for the signals that ask for an end. After the first, every further one ends the process at once. */
export function watchStopSignals(): StopRequest {
  const controller = new AbortController();
  // Each run of an archive has its own; Node would speak of a leak to the user.
  setMaxListeners(0, controller.signal);
  const request = stopRequest(controller.signal);
  const names = ["SIGINT", "SIGTERM", ...(process.stderr.isTTY ? (["SIGHUP"] as const) : [])] as const;
  const stop = (name: NodeJS.Signals): void => {
    // A command may watch in several places: each ends its own work.
    if (controller.signal.aborted) return;
    const received = name === "SIGINT" ? "SIGINT" : "SIGTERM";
    noteStop(received);
    setTimeout(() => {
      for (const each of names) process.removeAllListeners(each);
    }, ONE_KEY_PRESS).unref();
    // A thread that waits for a disk or a named pipe holds up an exit, and no signal.
    setTimeout(() => process.kill(process.pid, received), LAST_MOMENT).unref();
    // An upload that is nearly done may end.
    setTimeout(endObjects, LAST_UPLOAD).unref();
    controller.abort();
  };
  for (const name of names) process.on(name, stop);
  return request;
}
