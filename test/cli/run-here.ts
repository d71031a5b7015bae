/**
 * Runs commands in the process of the test: the program is loaded once for a file, and a case costs milliseconds.
 * Signals, pipes, standard input, terminals and secrets of the environment need a process of their own: `runBinary`.
 */
import { Console } from "node:console";
import { Readable, Writable } from "node:stream";
import { pathToFileURL } from "node:url";
import {
  type Binary,
  binaryPath,
  cleanEnvironment,
  freshFolder,
  type Run,
  type RunOptions,
  runBinary,
} from "./run-binary.js";

/** What a command may listen to; its listeners go with it. */
const EVENTS = ["SIGHUP", "SIGINT", "SIGTERM", "exit", "uncaughtException", "unhandledRejection"] as const;

/** Keeps what is written; no terminal. */
class Capture extends Writable {
  readonly chunks: Buffer[] = [];

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    // Its memory is the writer's again once it is told that the chunk is written.
    this.chunks.push(Buffer.from(chunk));
    done();
  }
}

/** Folder, environment and output belong to the process, so commands take turns. */
let last: Promise<unknown> = Promise.resolve();

/**
 * Runs a command to its end; its standard input is empty. A process of its own gets one with input, one that looks for
 * input because it is given nothing, and one with options for Node.
 */
export function runHere(binary: Binary, args: readonly string[], options: RunOptions = {}): Promise<Run> {
  const isBare = args.length === (binary === "run" ? 1 : 0);
  if (isBare || options.stdin !== undefined || options.env?.["NODE_OPTIONS"] !== undefined)
    return runBinary(binary, args, options);
  const run = last.then(() => runAlone(binary, args, options));
  last = run.catch(() => {});
  return run;
}

async function runAlone(
  binary: Binary,
  args: readonly string[],
  { folder = freshFolder(), env }: RunOptions,
): Promise<Run> {
  const [stdout, stderr] = [new Capture(), new Capture()];
  const place = process.cwd();
  const environment = { ...process.env };
  const listeners = EVENTS.map((event) => new Set(process.rawListeners(event)));
  const { console, process: own } = globalThis;
  const exit = own.exit;
  const [outputs, { exitCode }] = [
    (["stdin", "stdout", "stderr"] as const).map(
      (name) => [name, Object.getOwnPropertyDescriptor(own, name) ?? {}] as const,
    ),
    own,
  ];
  const exited = new Promise<number>((resolve) => {
    own.exit = ((code?: number) => resolve(Number(code ?? own.exitCode ?? 0))) as typeof exit;
  });
  try {
    own.chdir(folder);
    setEnvironment(cleanEnvironment(env));
    own.exitCode = undefined;
    for (const [name, value] of Object.entries({ stdin: Readable.from([]), stdout, stderr }))
      Object.defineProperty(own, name, { value, configurable: true });
    globalThis.console = new Console(stdout, stderr);
    const { start } = await import(new URL("../../cli/program.js", import.meta.url).href);
    const command = binary === "run" ? args : [binary, ...args];
    const ended = start(command, pathToFileURL(binaryPath(binary)).href).then(() =>
      Number(own.exitCode ?? 0),
    );
    const code: number = await Promise.race([exited, ended]);
    const bytes = Buffer.concat(stdout.chunks);
    return {
      stdout: bytes.toString(),
      bytes,
      stderr: Buffer.concat(stderr.chunks).toString(),
      code,
      signal: null,
      folder,
    };
  } finally {
    globalThis.console = console;
    for (const [name, descriptor] of outputs) Object.defineProperty(own, name, descriptor);
    own.exit = exit;
    own.exitCode = exitCode;
    setEnvironment(environment);
    own.chdir(place);
    for (const [at, event] of EVENTS.entries())
      for (const listener of process.rawListeners(event))
        if (!listeners[at]?.has(listener)) process.off(event, listener as () => void);
  }
}

function setEnvironment(wanted: NodeJS.ProcessEnv): void {
  for (const name of Object.keys(process.env)) if (!(name in wanted)) delete process.env[name];
  Object.assign(process.env, wanted);
}

/** Runs `marian-tracking parse`. */
export function parse(args: readonly string[], options: RunOptions = {}): Promise<Run> {
  return runHere("run", ["parse", ...args], options);
}
