import { readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { OWNER } from "../../src/io/owner.js";
import { Backlog } from "../../src/live/backlog.js";

describe("a backlog", () => {
  it("gives out what it was given, in order, whatever waits in memory and whatever on the disk", () => {
    const step = fc.oneof(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.constant("shift" as const));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const backlog = new Backlog(30);
        const [given, taken]: number[][] = [[], []];
        for (const each of steps) {
          if (each === "shift") taken?.push(...(backlog.shift() ?? []));
          else {
            given?.push(...each);
            backlog.push(each);
            // What is pushed is a copy.
            each.fill(0);
          }
          expect(backlog.bytes).toBe((given?.length ?? 0) - (taken?.length ?? 0));
        }
        for (let part = backlog.shift(); part !== undefined; part = backlog.shift()) taken?.push(...part);
        expect(taken).toEqual(given);
        backlog.close();
      }),
    );
  });

  it("leaves no file that anybody could find", () => {
    const mine = () => readdirSync(tmpdir()).filter((name) => name.startsWith(`marian-tracking-${OWNER}-`));
    const backlog = new Backlog(10);
    backlog.push(new Uint8Array(100_000));
    expect(mine()).toEqual([]);
    backlog.close();
  });
});
