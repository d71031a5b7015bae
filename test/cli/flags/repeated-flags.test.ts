/** Flags that may be repeated. */
import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";

type FlagTable = Readonly<
  Record<string, { readonly multiple?: boolean; readonly multipleNonGreedy?: boolean }>
>;

describe("a flag that may be repeated", () => {
  it("takes one value each time, so that it eats no input, but where the Python command takes several", async () => {
    const commands = new URL("../../../src/commands/", import.meta.url);
    const greedy: string[] = [];
    for (const file of readdirSync(commands)) {
      const { default: command } = (await import(new URL(file, commands).href)) as {
        default: { flags: FlagTable };
      };
      for (const [flag, { multiple, multipleNonGreedy }] of Object.entries(command.flags ?? {}))
        if (multiple && !multipleNonGreedy) greedy.push(`${file} --${flag}`);
    }
    expect(greedy).toEqual(["parse_tc_logs.ts --tags"]);
  });
});
