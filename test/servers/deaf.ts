/** A server that takes no connection: the kernel's queue of those that wait for it is full. */
import { spawn } from "node:child_process";
import { connect, type Socket } from "node:net";

/** A port of 127.0.0.1 where connections are neither made nor refused. */
export interface DeafServer {
  readonly port: number;
  close(): void;
}

/** Starts one. It is a process of its own, which is stopped: here it would take what comes. */
export async function startDeafServer(): Promise<DeafServer> {
  const script =
    'const s = require("net").createServer().listen({ port: 0, host: "127.0.0.1", backlog: 1 }, () => console.log(s.address().port))';
  const child = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  const port = await new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    child.stdout.once("data", (text: Buffer) => resolve(Number(text.toString())));
  });
  child.kill("SIGSTOP");
  const waiting: Socket[] = [];
  // As many as the queue takes; the first that is not in it within a while waits for ever.
  for (let full = false; !full; ) {
    const socket = connect(port, "127.0.0.1");
    socket.on("error", () => {});
    waiting.push(socket);
    full = await new Promise<boolean>((resolve) => {
      // A connection that was made while this process had no turn is heard of before `setImmediate`.
      const timer = setTimeout(() => setImmediate(() => resolve(socket.connecting)), 300);
      socket.once("connect", () => {
        clearTimeout(timer);
        resolve(false);
      });
    });
  }
  return {
    port,
    close: () => {
      for (const socket of waiting) socket.destroy();
      child.kill("SIGKILL");
    },
  };
}
