import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { check, filesBelow, freshFolder, type Run, result } from "../cli/run-binary.js";
import { parse } from "../cli/run-here.js";
import {
  chatter,
  csv,
  DAY,
  referenceRow,
  start,
  TRAINING_HEADER,
  train,
  trainRow,
  VALIDATED,
  VALIDATION_HEADER,
  valid,
} from "../cli/sample-logs.js";

interface InputReceipt {
  readonly [field: string]: unknown;
}

/** Parses one log with a JSON receipt. */
async function parseBytes(
  content: string | Uint8Array,
  expected: { code: number },
  name = "a.log",
): Promise<{ run: Run; input: InputReceipt; rows: string[] }> {
  const run = await parse([name, "--json"], { folder: freshFolder({ [name]: content }) });
  check(run, { code: expected.code, stdout: /^\{\n[\s\S]*\n\}\n$/ });
  const { inputs } = JSON.parse(run.stdout) as { inputs: InputReceipt[] };
  const [input] = inputs;
  if (input === undefined) throw new Error("no input in the receipt");
  const [header, ...rows] = result(run, "output/training.csv").split("\r\n").slice(0, -1);
  expect(header).toMatch(new RegExp(`^${TRAINING_HEADER}`));
  return { run, input, rows };
}

describe.concurrent("inputs that can't be read", () => {
  it("a missing file", async () => {
    const run = await parse(["no.log"]);
    check(run, { code: 1, stderr: /^no\.log\n {2}ERROR {6}there is no such file\n/ });
    expect(filesBelow(run.folder)).toEqual([]);
  });

  it("a missing file leaves older results", async () => {
    const folder = freshFolder({ "output/training.csv": "old", "file.log": "" });
    check(await parse(["no.log", "-q"], { folder }), { code: 1, stderr: /no such file/ });
    check(await parse(["file.log/no.log", "-q"], { folder }), {
      code: 1,
      stderr: /a part of its path is not a directory/,
    });
    expect(result({ folder }, "output/training.csv")).toBe("old");
  });

  it("an empty folder", async () => {
    const folder = freshFolder();
    mkdirSync(join(folder, "logs"));
    const run = await parse(["logs/", "-q"], { folder });
    check(run, {
      code: 1,
      stderr: "logs/\n  ERROR      the folder has no Marian log: it is empty\n",
    });
  });

  it("an empty file", async () => {
    const run = await parse(["a.log", "-q"], { folder: freshFolder({ "a.log": "" }) });
    check(run, { code: 1, stderr: "a.log\n  ERROR      the input is empty\n" });
  });

  it("a file of another kind: random bytes, prose", async () => {
    const random = Buffer.alloc(300_000);
    let state = 42;
    for (let at = 0; at < random.length; at += 1) {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      random[at] = state >>> 16;
    }
    random.set([0x7f, 0x45, 0x4c, 0x46]);
    for (const content of [random, Buffer.from("Hello, this is no log.\n".repeat(100))]) {
      const run = await parse(["a.log", "-q"], { folder: freshFolder({ "a.log": content }) });
      check(run, {
        code: 1,
        stderr: "a.log\n  ERROR      it contains no Marian measurements: is this a training log?\n",
      });
    }
  });

  const kinds: readonly (readonly [string, readonly number[], RegExp])[] = [
    [
      "xz",
      [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00, 1, 2],
      /this is xz, which is not read here: use `xz -dc FILE \|/,
    ],
    ["bzip2", [0x42, 0x5a, 0x68, 0x39, 0x31, 0x41], /this is bzip2, .*use `bzip2 -dc FILE \|/],
    ["zip", [0x50, 0x4b, 0x03, 0x04, 0, 0], /this is zip, .*use `unzip -p FILE \|/],
    [
      "UTF-16",
      [0xff, 0xfe, 0x45, 0x00, 0x70, 0x00],
      /this is UTF-16 text, .*use `iconv -f UTF-16 -t UTF-8 FILE \|/,
    ],
    ["UTF-16, big end first", [0xfe, 0xff, 0x00, 0x45, 0x00, 0x70], /this is UTF-16 text/],
  ];
  it.each(kinds)("%s: a sentence with what to do, older results stay", async (_name, bytes, stderr) => {
    const folder = freshFolder({ "a.log": Uint8Array.from(bytes), "output/training.csv": "old" });
    check(await parse(["a.log", "-q"], { folder }), { code: 1, stderr });
    expect(result({ folder }, "output/training.csv")).toBe("old");
  });

  it("text that starts like a packed file", async () => {
    const { rows } = await parseBytes(`BZ is no magic\n${train(1000)}`, { code: 0 });
    expect(rows).toEqual([trainRow(1000)]);
  });
});

describe.concurrent("packed logs that end early or are damaged", () => {
  const lines = Array.from(
    { length: 4000 },
    (_, row) => train(row + 1) + chatter(`x${(row * 7919) % 10_007}`),
  );
  const content = lines.join("");
  const packed = gzipSync(content);

  it("a truncated gzip: what was readable is kept and the receipt says so", async () => {
    const { run, input, rows } = await parseBytes(
      packed.subarray(0, packed.length / 2),
      { code: 1 },
      "a.log.gz",
    );
    expect(input["error"]).toBe("the gzip data ends early; what could be unpacked before that was read");
    expect(rows.length).toBeGreaterThan(1000);
    expect(rows).toEqual(rows.map((_, row) => trainRow(row + 1)));
    expect(input["training"]).toBe(rows.length);
    expect(filesBelow(run.folder)).toContain("output/validation.csv");
  });

  it("a gzip of which only the head is there", async () => {
    for (const length of [2, 5, 10, 18]) {
      const run = await parse(["a.gz", "-q"], {
        folder: freshFolder({ "a.gz": packed.subarray(0, length) }),
      });
      check(run, { code: 1, stderr: /ERROR {6}the gzip data ends early/ });
    }
  });

  it("a gzip with a damaged middle", async () => {
    const damaged = Buffer.from(packed);
    damaged.fill(0xff, Math.floor(packed.length / 2), Math.floor(packed.length / 2) + 200);
    const { input, rows } = await parseBytes(damaged, { code: 1 });
    expect(input["error"]).toMatch(
      /^the gzip data is damaged \(.+\); what could be unpacked before that was read$/,
    );
    expect(rows.length).toBeGreaterThan(1000);
    // What was unpacked right before the damage may be wrong, but no row before it.
    expect(rows.slice(0, 1000)).toEqual(rows.slice(0, 1000).map((_, row) => trainRow(row + 1)));
  });

  it("a gzip whose checksum is wrong: everything was readable", async () => {
    const damaged = Buffer.from(packed);
    damaged.writeUInt32LE(0x12345678, packed.length - 8);
    const { input, rows } = await parseBytes(damaged, { code: 1 });
    expect(input["error"]).toMatch(/^the gzip data is damaged/);
    expect(rows).toHaveLength(4000);
  });

  it("a gzip with rubbish behind it: everything was readable", async () => {
    const { rows } = await parseBytes(Buffer.concat([packed, Buffer.from("rubbish behind")]), { code: 1 });
    expect(rows).toHaveLength(4000);
  });

  it("a truncated zstd: what was readable is kept and the receipt says so", async () => {
    const block = Buffer.alloc(3);
    block.writeUIntLE(100_000 << 3, 0, 3);
    const head = Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x68]), block]);
    const whole = Buffer.concat([head, Buffer.from(content.slice(0, 100_000))]);
    const half = Buffer.concat([whole, block, Buffer.from(content.slice(100_000, 150_000))]);
    for (const bytes of [whole, half]) {
      const { input, rows } = await parseBytes(bytes, { code: 1 }, "a.log.zst");
      expect(input["error"]).toBe("the zstd data ends early; what could be unpacked before that was read");
      expect(rows.length).toBeGreaterThan(500);
      expect(rows).toEqual(rows.map((_, row) => trainRow(row + 1)));
    }
  });

  it("a damaged zstd", async () => {
    const { input } = await parseBytes(
      Buffer.concat([
        Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x68, 0x40, 0x06, 0x00]),
        Buffer.from(train(1).padEnd(199, " ")),
        Buffer.from("\n"),
        // A block of the reserved type.
        Buffer.from([0x27, 0x00, 0x00, 1, 2, 3, 4]),
      ]),
      { code: 1 },
    );
    expect(input["error"]).toMatch(/^the zstd data is damaged \(.+\)/);
    expect(input["training"]).toBe(1);
  });
});

describe.concurrent("lines that are not as they should be", () => {
  it("50 MB between two records", async () => {
    const long = Buffer.alloc(50_000_000, "x");
    const content = Buffer.concat([Buffer.from(train(1000)), long, Buffer.from(`\n${train(2000)}`)]);
    const { input, rows } = await parseBytes(content, { code: 0 });
    expect(rows).toEqual([trainRow(1000), trainRow(2000)]);
    expect(input).toMatchObject({ overlong_lines: 1, lines: 3, bytes: content.length, unmatched: 0 });
  });

  it("100,000 brackets", async () => {
    const content = `${train(1000)}${"[".repeat(100_000)}\n${train(2000)}${"[".repeat(100_000)}${train(4000)}`;
    const { input, rows } = await parseBytes(content, { code: 0 });
    expect(rows).toEqual([trainRow(1000), trainRow(2000), trainRow(4000)]);
    expect(input).toMatchObject({ unmatched: 0, lines: 4 });
  });

  it("invalid UTF-8, NUL and a byte order mark", async () => {
    const content = Buffer.concat([
      Buffer.from([0xef, 0xbb, 0xbf]),
      Buffer.from(train(1000)),
      Buffer.from([0xff, 0xc3, 0x28, 0x00, 0x00, 0x0a]),
      Buffer.from("\0\0\0\0"),
      Buffer.from(train(2000)),
      Buffer.from([0xe2, 0x82]),
      Buffer.from(train(4000)),
    ]);
    const { input, rows } = await parseBytes(content, { code: 0 });
    expect(rows).toEqual([trainRow(1000), trainRow(2000), trainRow(4000)]);
    expect(input).toMatchObject({ unmatched: 0, lines: 4 });
  });

  it("CRLF, and progress that overwrites itself with CR", async () => {
    const crlf = (line: string) => line.replace("\n", "\r\n");
    const content = `${crlf(train(1000))}  10% done\r  50% done\r 100% done\r${train(2000)}half\r${crlf(train(4000))}`;
    const { input, rows } = await parseBytes(content, { code: 0 });
    expect(rows).toEqual([trainRow(1000), trainRow(2000), trainRow(4000)]);
    expect(input).toMatchObject({ unmatched: 0 });
  });

  it("glued records are two measurements of one line", async () => {
    const content = train(1000).trimEnd() + train(2000);
    const run = await parse(["a.log", "--format", "ndjson", "-q"], {
      folder: freshFolder({ "a.log": content }),
    });
    check(run, { code: 0, stdout: /./ });
    const rows = run.stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as InputReceipt);
    expect(rows.map(({ line, up }) => [line, up])).toEqual([
      [1, 1000],
      [1, 2000],
    ]);
    expect(rows.map(({ timestamp }) => timestamp)).toEqual([`${DAY}T09:00:00`, `${DAY}T09:00:00`]);
  });

  it("a record that a writer tore, before and behind other text", async () => {
    const content =
      `[${DAY} 09:00:00] Saving model weights ${train(1000)}` +
      `09:00:00] ${train(2000).slice(train(2000).indexOf("Ep."))}` +
      `[${DAY} 09:00:00] Ep. 1 : Up. 3000 : Sen. 300,0[${DAY} 09:00:01] Saving\n`;
    const { input, rows } = await parseBytes(content, { code: 0 });
    expect(rows).toEqual([trainRow(1000), `${referenceRow(2000)},`]);
    expect(input).toMatchObject({ unmatched: 1 });
    expect(input["unmatched_samples"]).toEqual([
      { line: 3, text: `[${DAY} 09:00:00] Ep. 1 : Up. 3000 : Sen. 300,0[${DAY} 09:00:01] Saving` },
    ]);
  });

  it("a translation that quotes a record is none", async () => {
    const quoted = train(2000).slice(train(2000).indexOf("Ep.")).trimEnd();
    const content =
      train(1000) +
      `[${DAY} 09:00:00] Best translation 0 : ${quoted}\n` +
      `[${DAY} 09:00:00] [valid]   Hyp: ${quoted}\n` +
      `[${DAY} 09:00:00] [valid]   Ref: glued ${train(4000)}`;
    const { rows } = await parseBytes(content, { code: 0 });
    expect(rows).toEqual([trainRow(1000), trainRow(4000)]);
  });

  it("a log that ends inside [config]", async () => {
    const content = `${start()}${train(1000)}[${DAY} 11:00:00] [marian] Marian v1.12.14 2d067af 2024\n[${DAY} 11:00:00] [config] type: s2s\n[${DAY} 11:00:00] [config] dim-vocabs:\n[${DAY} 11:00:00] [config]   - 3200`;
    const run = await parse(["a.log", "--format", "ndjson", "-q"], {
      folder: freshFolder({ "a.log": content }),
    });
    check(run, { code: 0, stdout: /./ });
    const last = JSON.parse(run.stdout.trimEnd().split("\n").at(-1) ?? "") as InputReceipt;
    expect(last).toMatchObject({
      type: "segment",
      segment: 1,
      config: { type: "s2s", "dim-vocabs": [3200] },
    });
  });

  it("a configuration with a broken entry: the entry costs itself", async () => {
    const content =
      `${start()}[${DAY} 08:00:00] [config] broken: [1, 2\n[${DAY} 08:00:00] [config] after: 1\n${train(1000)}`.replace(
        `[${DAY} 08:00:00] Training started\n`,
        "",
      );
    const { input, rows } = await parseBytes(content, { code: 0 });
    expect(rows).toEqual([trainRow(1000)]);
    expect(input["warnings"]).toEqual(["line 1: the configuration's entry 'broken: [1, 2' is no YAML"]);
  });

  it("configuration that costs more than a configuration may: it costs itself, and rows are all there", async () => {
    const entries = [
      "round: &round [*round]",
      `deep: ${"[".repeat(2500)}${"]".repeat(2500)}`,
      `many: [&long ${"x".repeat(50_000)}, ${"*long, ".repeat(95)}]`,
    ];
    const lines = entries.map((entry) => `[${DAY} 08:00:00] [config] ${entry}\n`).join("");
    const content =
      start().replace(`[${DAY} 08:00:00] Training started\n`, lines) +
      `[${DAY} 08:00:00] [config] __proto__: 7\n${train(1000)}`;
    const { input, rows } = await parseBytes(content, { code: 0 });
    expect(rows).toEqual([trainRow(1000)]);
    expect(input["warnings"]).toEqual([
      "line 1: the configuration's entry 'round: &round [*round]' has a value that contains itself",
      expect.stringMatching(/'deep: \[+' is nested deeper than 100 levels$/),
      expect.stringMatching(/ comes to more than 1024 KiB with what its aliases repeat$/),
    ]);
    const run = await parse(["-q", "--format", "ndjson", "-"], { stdin: content });
    check(run, { code: 0, stdout: /./ });
    const first = JSON.parse(run.stdout.split("\n")[0] ?? "");
    expect(Object.entries(first.config)).toEqual([
      ["type", "transformer"],
      ["__proto__", 7],
    ]);
  });

  it("a last record without its line end counts when it is whole", async () => {
    const { input, rows } = await parseBytes(train(1000) + train(2000).trimEnd(), { code: 0 });
    expect(rows).toEqual([trainRow(1000), trainRow(2000)]);
    expect(input).toMatchObject({ unmatched: 0 });
  });

  it("a last record without its line end that stops earlier than the others is unmatched", async () => {
    const whole = train(2000).trimEnd();
    for (const cut of [" : L.r. 3.0000e-04", " : gNorm 1.0625 : L.r. 3.0000e-04"]) {
      const { input, rows } = await parseBytes(train(1000) + whole.slice(0, -cut.length), { code: 0 });
      expect(rows).toEqual([trainRow(1000)]);
      expect(input).toMatchObject({ training: 1, unmatched: 1 });
    }
  });

  it("a log of validation alone has both files", async () => {
    const { run, rows } = await parseBytes(valid(1000, "chrf", 40), { code: 0 });
    expect(rows).toEqual([]);
    expect(result(run, "output/validation.csv")).toBe(
      csv(VALIDATION_HEADER, `1,1000,40.0,,,,,,,,${VALIDATED}`),
    );
  });

  it("updates whose validation lines interleave give two full rows", async () => {
    const content =
      start({ metrics: ["chrf", "perplexity"] }) +
      valid(1000, "chrf", 1) +
      valid(2000, "chrf", 2) +
      train(3000) +
      valid(1000, "perplexity", 3) +
      valid(2000, "perplexity", 4);
    const { run } = await parseBytes(content, { code: 0 });
    expect(result(run, "output/validation.csv")).toBe(
      csv(VALIDATION_HEADER, `1,1000,1.0,,,3.0,,,,,${VALIDATED}`, `1,2000,2.0,,,4.0,,,,,${VALIDATED}`),
    );
  });
});
