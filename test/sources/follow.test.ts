import { appendFile, copyFile, mkdtemp, rename, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { FollowSource } from "../../src/sources/follow.js";

/** Follows a file while `act` changes it; `seen` waits until so much text has come. */
async function follow(
  act: (path: string, seen: (text: string) => Promise<void>) => Promise<void>,
): Promise<{ text: string; notices: string[] }> {
  const path = join(await mkdtemp(join(tmpdir(), "follow-")), "train.log");
  const controller = new AbortController();
  const notices: string[] = [];
  const source = new FollowSource(path, {
    signal: controller.signal,
    interval: 1,
    notice: (text) => notices.push(text.replace(path, "FILE")),
  });
  let text = "";
  let failure: unknown;
  const reading = (async () => {
    for await (const chunk of source.chunks()) text += Buffer.from(chunk).toString();
  })().catch((error: unknown) => {
    failure = error;
  });
  const seen = async (wanted: string) => {
    while (!text.endsWith(wanted) && failure === undefined)
      await new Promise((resolve) => setTimeout(resolve, 1));
  };
  await act(path, seen);
  controller.abort();
  await reading;
  if (failure !== undefined) throw failure;
  return { text, notices };
}

test("what is added comes, until the signal; what was there by then too", async () => {
  const { text, notices } = await follow(async (path, seen) => {
    await writeFile(path, "one\n");
    await seen("one\n");
    await appendFile(path, "tw");
    await seen("tw");
    await appendFile(path, "o\nthree\n");
  });
  expect(text).toBe("one\ntwo\nthree\n");
  expect(notices.filter((notice) => !notice.includes("no such file yet"))).toEqual([]);
});

test("a file that is not there yet is waited for", async () => {
  const { text, notices } = await follow(async (path, seen) => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    await writeFile(path, "late\n");
    await seen("late\n");
  });
  expect(text).toBe("late\n");
  expect(notices).toEqual(["FILE: there is no such file yet; waiting for it"]);
});

test("a renamed file is read to its end, then the new one", async () => {
  const { text } = await follow(async (path, seen) => {
    await writeFile(path, "one\n");
    await seen("one\n");
    await rename(path, `${path}.1`);
    await appendFile(`${path}.1`, "end of the old");
    await writeFile(path, "new\n");
    await seen("new\n");
  });
  expect(text).toBe("one\nend of the old\nnew\n");
});

test("a file that is cut is read from its start, and no line is made of both", async () => {
  const { text, notices } = await follow(async (path, seen) => {
    await writeFile(path, "one\ntwo\nhalf a li");
    await seen("half a li");
    await truncate(path, 0);
    await seen("\n");
    await appendFile(path, "new\n");
    await seen("new\n");
  });
  expect(text).toBe("one\ntwo\nhalf a li\nnew\n");
  expect(notices.at(-1)).toContain("cut or written anew");
});

test("a copy that is cut and has grown beyond the old length is not taken for its continuation", async () => {
  const { text } = await follow(async (path, seen) => {
    await writeFile(path, "old 1\nold 2\n");
    await seen("old 2\n");
    await copyFile(path, `${path}.1`);
    await writeFile(path, "new 1\nnew 2\nnew 3\n");
    await seen("new 3\n");
  });
  expect(text).toBe("old 1\nold 2\nnew 1\nnew 2\nnew 3\n");
});

test("any appends and renamings: every byte once, in order", async () => {
  const steps = fc.array(fc.record({ text: fc.string({ maxLength: 80 }), rotate: fc.boolean() }), {
    maxLength: 12,
  });
  await fc.assert(
    fc.asyncProperty(steps, async (list) => {
      let expected = "";
      const { text } = await follow(async (path, seen) => {
        await writeFile(path, "");
        let generation = 0;
        for (const { text: part, rotate } of list) {
          if (rotate) {
            await seen(expected);
            await rename(path, `${path}.${generation++}`);
            await writeFile(path, "");
          }
          const line = `${part.replaceAll("\n", " ")}\n`;
          expected += line;
          await appendFile(path, line);
        }
        await seen(expected);
      });
      expect(text).toBe(expected);
    }),
    { numRuns: 25 },
  );
});

test("a folder is refused in words", async () => {
  const path = await mkdtemp(join(tmpdir(), "follow-"));
  const reading = async () => {
    for await (const _ of new FollowSource(path, { signal: new AbortController().signal }).chunks()) break;
  };
  await expect(reading()).rejects.toThrow(/director/);
});
