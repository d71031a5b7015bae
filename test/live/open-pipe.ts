/** A program in the pipe after a training, as the shell sees it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { expect } from "vitest";

/** Starts a program whose standard input stays open until `end`. */
export function openPipe(
  program: string,
  args: readonly string[],
  options: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
) {
  const child = spawn(program, args, options);
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (text) => {
    stdout += text;
  });
  child.stderr.on("data", (text) => {
    stderr += text;
  });
  const ended = once(child, "close");
  return {
    child,
    write: (text: string) => child.stdin.write(text),
    /** Waits until so much has come through. */
    passed: (text: string) => expect.poll(() => stdout, { interval: 20 }).toContain(text),
    async end() {
      child.stdin.end();
      const [code] = await ended;
      return { code, stdout, stderr };
    },
  };
}

/** The process that a program waits for. */
export function childOf(parent: number): number {
  return Number(readFileSync(`/proc/${parent}/task/${parent}/children`, "utf8").trim().split(" ")[0]);
}
