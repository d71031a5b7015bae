import fc from "fast-check";
import { expect, it } from "vitest";
import { StoredList } from "../../src/io/stored-list.js";

it("gives its items back in their order, as often as asked for, in memory or not", async () => {
  const item = fc.record({ name: fc.string(), scores: fc.array(fc.double()) });
  await fc.assert(
    fc.asyncProperty(fc.array(item, { maxLength: 300 }), fc.nat(5000), async (items, inMemory) => {
      const list = new StoredList<{ name: string; scores: Map<number, number> }>(inMemory);
      const given = items.map(({ name, scores }) => ({ name, scores: new Map(scores.entries()) }));
      try {
        for (const one of given) await list.add(one);
        expect(list.length).toBe(given.length);
        for (let time = 0; time < 2; time += 1) {
          const read = [];
          for await (const one of list) read.push(one);
          expect(read).toEqual(given);
        }
      } finally {
        await list.close();
      }
    }),
    { numRuns: 40 },
  );
});
