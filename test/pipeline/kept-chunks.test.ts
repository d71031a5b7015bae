/** What the reading of a log keeps of it. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, it } from "vitest";
import { publishLog } from "../../src/pipeline/publish-log.js";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

it.each([
  ["without a signal", undefined],
  ["with a signal that never comes", new AbortController().signal],
])("the chunks that were read are let go, %s", async (_what, signal) => {
  const seen: WeakRef<Uint8Array>[] = [];
  let alive = 0;
  async function* chunks(): AsyncGenerator<Uint8Array> {
    for (let index = 0; index < 200; index += 1) {
      const chunk = new Uint8Array(1000).fill(0x0a);
      seen.push(new WeakRef(chunk));
      yield chunk;
      // A weak reference holds until its turn of the event loop is over.
      await new Promise((resolve) => setImmediate(resolve));
    }
    collectGarbage();
    alive = seen.filter((reference) => reference.deref() !== undefined).length;
  }
  await publishLog({ name: "-", chunks }, {}, [], signal === undefined ? {} : { signal });
  expect(seen).toHaveLength(200);
  expect(alive).toBeLessThan(10);
});
