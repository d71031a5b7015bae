/** Lines that are redrawn in place. */
import { describe, expect, it } from "vitest";
import { LiveLines } from "../../../src/cli/terminal/live-lines.js";
import { screenOf } from "../on-terminal.js";

/** A terminal that keeps what is written; line feeds go to the start of the next line, as terminals do it. */
function terminalOf(columns = 40, rows = 10) {
  const terminal = {
    columns,
    rows,
    written: "",
    write(text: string | Uint8Array): boolean {
      terminal.written += String(text).replaceAll("\n", "\r\n");
      return true;
    },
  };
  return terminal;
}

describe("live lines", () => {
  it("take each other's place, below everything else that is written", () => {
    const terminal = terminalOf();
    const stdout = terminalOf();
    const write = stdout.write;
    stdout.write = (text) => terminal.write(text);
    let lines = ["one", "two"];
    const live = new LiveLines(terminal, () => lines, [stdout]);
    const screen = () => screenOf(terminal.written, 40, 10);
    live.draw();
    expect(screen()).toEqual(["one", "two", ""]);
    lines = ["three"];
    live.draw();
    expect(screen()).toEqual(["three", ""]);
    terminal.write("a message\n");
    expect(screen()).toEqual(["a message", ""]);
    live.draw();
    stdout.write("a row\n");
    live.draw();
    expect(screen()).toEqual(["a message", "a row", "three", ""]);
    live.stop();
    expect(screen()).toEqual(["a message", "a row", ""]);
    terminal.write("end\n");
    expect(screen()).toEqual(["a message", "a row", "end", ""]);
    expect(write).not.toBe(stdout.write);
  });

  it("are written only if something is new", () => {
    const terminal = terminalOf();
    const live = new LiveLines(terminal, () => ["same"]);
    live.draw();
    const { length } = terminal.written;
    live.draw();
    expect(terminal.written).toHaveLength(length);
    live.stop();
  });

  it("are cut to the terminal, also where a character takes two columns", () => {
    const terminal = terminalOf(10, 4);
    const red = "\u001b[31m0123456789abc\u001b[0m";
    const live = new LiveLines(terminal, () => [red, "文文文文文文文文文", "third", "fourth", "fifth"]);
    live.draw();
    live.draw();
    expect(screenOf(terminal.written, 10, 4)).toEqual(["012345678", "文文文文文文文文文", "third", ""]);
    expect(terminal.written).toContain("\u001b[31m012345678\u001b[0m");
    live.stop();
  });

  it("go where a narrower window has broken them", () => {
    const terminal = terminalOf(40);
    let lines = ["x".repeat(30), "y"];
    const live = new LiveLines(terminal, () => lines);
    live.draw();
    terminal.columns = 20;
    lines = ["z"];
    live.draw();
    // The first line takes two of the narrower window.
    expect(terminal.written).toContain("\u001b[3A\r\u001b[J");
    live.stop();
  });

  it("leave nothing behind of their listeners", () => {
    const before = process.listenerCount("SIGCONT");
    const terminal = terminalOf();
    const { write } = terminal;
    const live = new LiveLines(terminal, () => ["one"]);
    expect(process.listenerCount("SIGCONT")).toBe(before + 1);
    live.stop();
    expect([process.listenerCount("SIGCONT"), terminal.write]).toEqual([before, write]);
  });
});
