/** What the binaries start. They share one bundle, and so one copy of the framework. */
import { flush, handle, run } from "@oclif/core";
import { outliveHangup } from "./stop-signal.js";

/** Runs a command, and ends the process when all that it has printed has been taken. */
export async function start(args: readonly string[], binary: string): Promise<void> {
  outliveHangup();
  try {
    await run([...args], binary);
    await flush();
  } catch (error) {
    // An exit code comes as an error, and the framework then ends the process at once.
    await taken(process.stdout);
    await handle(error as Error);
  }
}

/** Waits for what a pipe has not taken yet; a signal, or a reader that has gone, ends the waiting. */
async function taken(stream: NodeJS.WriteStream): Promise<void> {
  if (stream.writableLength === 0) return;
  stream.on("error", () => {});
  await new Promise<void>((resolve) => {
    stream.write("", () => resolve());
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
  });
}
