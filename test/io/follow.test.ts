import { execFileSync } from "node:child_process";
import {
  appendFile,
  copyFile,
  mkdir,
  mkdtemp,
  open,
  rename,
  rmdir,
  stat,
  truncate,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { FollowSource } from "../../src/io/follow.js";

type Act = (
  path: string,
  /** Waits until so much text has come. */
  seen: (text: string) => Promise<void>,
  /** Waits until a notice with these words has come. */
  said: (words: string) => Promise<void>,
) => Promise<void>;

/** Follows a file while `act` changes it. */
async function follow(act: Act): Promise<{ text: string; notices: string[] }> {
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
  const until = async (holds: () => boolean) => {
    while (!holds() && failure === undefined) await new Promise((resolve) => setTimeout(resolve, 1));
  };
  await act(
    path,
    (wanted) => until(() => text.endsWith(wanted)),
    (words) => until(() => notices.some((notice) => notice.includes(words))),
  );
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
  const { text, notices } = await follow(async (path, seen, said) => {
    await said("waiting for it");
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
  expect(notices.at(-1)).toContain("cut or rewritten");
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

test("a file that is rewritten, and longer, while a chunk of it is taken: all of the new file is read", async () => {
  const path = join(await mkdtemp(join(tmpdir(), "follow-")), "train.log");
  for (const end of [false, true]) {
    await writeFile(path, "old 1\nold 2\n");
    const controller = new AbortController();
    let text = "";
    for await (const chunk of new FollowSource(path, { signal: controller.signal, interval: 1 }).chunks()) {
      text += Buffer.from(chunk).toString();
      if (text.endsWith("old 2\n")) {
        if (end) controller.abort();
        await writeFile(path, "new 1\nnew 2\nnew 3\n");
      }
      if (text.endsWith("new 3\n")) controller.abort();
    }
    expect(text, end ? "at the end" : "in between").toBe("old 1\nold 2\nnew 1\nnew 2\nnew 3\n");
  }
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

test("a path that is a folder for a moment is waited for", async () => {
  const { text } = await follow(async (path, seen) => {
    await writeFile(path, "one\n");
    await seen("one\n");
    await rename(path, `${path}.1`);
    await mkdir(path);
    await appendFile(`${path}.1`, "two\n");
    await seen("two\n");
    await rmdir(path);
    await writeFile(path, "three\n");
    await seen("three\n");
  });
  expect(text).toBe("one\ntwo\nthree\n");
});

test("what a writer adds to a file that was renamed and replaced comes between whole lines", async () => {
  const { text } = await follow(async (path, seen) => {
    await writeFile(path, "one\n");
    await seen("one\n");
    await rename(path, `${path}.1`);
    await writeFile(path, "new one\n");
    await seen("new one\n");
    await appendFile(`${path}.1`, "late o");
    await appendFile(path, "new t");
    await seen("new t");
    await appendFile(`${path}.1`, "ne\n");
    await appendFile(path, "wo\n");
    await seen("late one\n");
    await appendFile(`${path}.1`, "half");
  });
  expect(text).toBe("one\nnew one\nnew two\nlate one\nhalf\n");
});

test("a file of the same size and end with other content is read from its start", async () => {
  const end = "x".repeat(200);
  const { text, notices } = await follow(async (path, seen) => {
    await writeFile(path, `one ${end}\n`);
    await seen(`one ${end}\n`);
    // The clock of a file system may stand still for some milliseconds.
    const { mtimeMs } = await stat(path);
    do await writeFile(`${path}.clock`, "");
    while ((await stat(`${path}.clock`)).mtimeMs === mtimeMs);
    await writeFile(path, `two ${end}\n`);
    await seen(`two ${end}\n`);
  });
  expect(text).toBe(`one ${end}\ntwo ${end}\n`);
  expect(notices.at(-1)).toMatch(/cut or rewritten/);
});

test("a file whose time alone changes is not read again", async () => {
  const { text, notices } = await follow(async (path, seen) => {
    await writeFile(path, "one\n");
    await seen("one\n");
    await utimes(path, new Date(0), new Date(0));
    await new Promise((resolve) => setTimeout(resolve, 30));
    await appendFile(path, "two\n");
    await seen("two\n");
  });
  expect([text, notices.filter((notice) => notice.includes("anew"))]).toEqual(["one\ntwo\n", []]);
});

test("a named pipe is read from one writer after the other, and no writer is no wait without an end", async () => {
  const { text } = await follow(async (path, seen) => {
    execFileSync("mkfifo", [path]);
    for (const word of ["one\n", "two\n"]) {
      const writer = await open(path, "r+");
      await writer.write(word);
      await seen(word);
      await writer.close();
    }
  });
  expect(text).toBe("one\ntwo\n");
  const silent = await follow(async (path) => {
    execFileSync("mkfifo", [path]);
  });
  expect(silent.text).toBe("");
});
