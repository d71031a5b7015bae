import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  decodeRecord,
  encodeOutputLine,
  encodeRecord,
  type OfflineRecord,
} from "../../../src/wandb/offline/records.js";

const word = fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 });
const json = fc.oneof(
  fc.constantFrom("1", "-2.5e-7", "NaN", "-Infinity", "null", '{"a":[1]}'),
  word.map((w) => JSON.stringify(w)),
);
const entry = fc.record({ path: fc.array(word, { minLength: 1, maxLength: 3 }), json });
const entries = fc.array(entry, { maxLength: 5 });
const words = fc.array(word, { maxLength: 3 });
// Whole microseconds from 1960 to 2100: before 1970 the seconds are negative.
const timestamp = fc
  .integer({ min: -315_360_000_000_000, max: 4_102_444_800_000_000 })
  .map((micros) => micros / 1e6);
const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const size = fc.nat({ max: Number.MAX_SAFE_INTEGER });

const record: fc.Arbitrary<Exclude<OfflineRecord, { kind: "other" }>> = fc.oneof(
  fc.record({ kind: fc.constant("header" as const), producer: word, minConsumer: word }),
  fc.record({
    kind: fc.constant("run" as const),
    run: fc.record(
      {
        runId: word,
        project: word,
        entity: word,
        group: word,
        jobType: word,
        displayName: word,
        notes: word,
        host: word,
        startTime: timestamp,
        startingStep: fc.integer({ min: 1 }),
        resumed: fc.constant(true),
        tags: words,
        config: entries,
      },
      { requiredKeys: ["runId", "project", "tags", "config"] },
    ),
  }),
  fc.record({
    kind: fc.constantFrom("config" as const, "summary" as const),
    update: entries,
    remove: entries,
  }),
  fc.record({
    kind: fc.constant("files" as const),
    files: fc.array(
      fc.record({
        path: word,
        policy: fc.constantFrom("now" as const, "end" as const, "live" as const),
        type: fc.constantFrom("other" as const, "wandb" as const, "media" as const, "artifact" as const),
      }),
    ),
  }),
  fc.record({ kind: fc.constant("history" as const), step: fc.maxSafeInteger(), items: entries }),
  fc.record({
    kind: fc.constant("stats" as const),
    timestamp,
    items: fc.array(fc.record({ path: fc.tuple(word), json })),
  }),
  fc.record({
    kind: fc.constant("output" as const),
    stream: fc.constantFrom("stdout" as const, "stderr" as const),
    timestamp,
    text: fc.string(),
  }),
  fc.record({
    kind: fc.constant("artifact" as const),
    artifact: fc.record(
      {
        runId: word,
        project: word,
        entity: word,
        type: word,
        name: word,
        digest: word,
        description: word,
        metadata: word,
        aliases: words,
        tags: words,
        clientId: word,
        sequenceClientId: word,
        finalize: fc.boolean(),
        files: fc.array(
          fc.record(
            { path: word, digest: word, size, reference: word, localPath: word },
            { requiredKeys: ["path", "digest", "size"] },
          ),
          { maxLength: 3 },
        ),
      },
      {
        requiredKeys: [
          "runId",
          "project",
          "type",
          "name",
          "digest",
          "aliases",
          "tags",
          "clientId",
          "sequenceClientId",
          "finalize",
          "files",
        ],
      },
    ),
  }),
  fc.record({ kind: fc.constant("exit" as const), exitCode: int32, runtime: int32 }),
  fc.record({ kind: fc.constant("footer" as const) }),
);

describe("records", () => {
  it("writes a line of output as the record that it is", () => {
    const text = fc.oneof(
      fc.string(),
      fc.string({ unit: "binary" }),
      fc.string({ minLength: 3000, maxLength: 9000 }),
    );
    fc.assert(
      fc.property(
        size,
        fc.constantFrom("stdout", "stderr"),
        timestamp,
        text,
        (number, stream, time, line) => {
          const whole = { kind: "output", stream, timestamp: time, text: `${line}\n` } as const;
          expect(Buffer.from(encodeOutputLine(number, stream, time, line))).toEqual(
            Buffer.from(encodeRecord(number, whole)),
          );
        },
      ),
      {
        examples: [
          [1, "stdout", 0, ""],
          [300, "stderr", 1.5, "\ud800 ü"],
        ],
      },
    );
  });

  it("come back as they were written", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1 }), record, (number, written) => {
        expect(decodeRecord(encodeRecord(number, written))).toEqual(written);
      }),
      { numRuns: 500 },
    );
  });

  it("of kinds and with fields from later versions are passed over", () => {
    const telemetry = new BinaryWriter()
      .tag(1, WireType.Varint)
      .int64(4)
      .tag(11, WireType.LengthDelimited)
      .bytes(Uint8Array.of(8, 1));
    expect(decodeRecord(telemetry.finish())).toEqual({ kind: "other", field: 11 });

    const known = encodeRecord(1, { kind: "exit", exitCode: 3, runtime: 5 });
    const later = new BinaryWriter()
      .tag(19, WireType.LengthDelimited)
      .string("a uuid")
      .tag(900, WireType.Bit64)
      .double(1.5)
      .tag(200, WireType.LengthDelimited)
      .bytes(Uint8Array.of(10, 1, 65))
      .finish();
    expect(decodeRecord(Buffer.concat([known, later]))).toEqual({ kind: "exit", exitCode: 3, runtime: 5 });
  });

  it("read history values of the typed form", () => {
    const writer = new BinaryWriter().tag(2, WireType.LengthDelimited).fork();
    const item = (key: string, value: (w: BinaryWriter) => void) => {
      writer.tag(1, WireType.LengthDelimited).fork();
      writer.tag(1, WireType.LengthDelimited).string(key);
      value(writer);
      writer.join();
    };
    item("none", (w) => w.tag(3, WireType.Varint).int32(0));
    item("boolean", (w) => w.tag(4, WireType.Varint).bool(true));
    item("integer", (w) => w.tag(5, WireType.Varint).sint64("-9007199254740993"));
    item("number", (w) => w.tag(6, WireType.Bit64).double(Number.NEGATIVE_INFINITY));
    item("text", (w) => w.tag(7, WireType.LengthDelimited).string('a "b"'));
    item("json", (w) => w.tag(8, WireType.LengthDelimited).string("[1]"));
    const decoded = decodeRecord(writer.join().finish());
    expect(decoded).toEqual({
      kind: "history",
      items: [
        { path: ["none"], json: "null" },
        { path: ["boolean"], json: "true" },
        { path: ["integer"], json: "-9007199254740993" },
        { path: ["number"], json: "-Infinity" },
        { path: ["text"], json: '"a \\"b\\""' },
        { path: ["json"], json: "[1]" },
      ],
    });
  });

  it("that are no protobuf are refused in words", () => {
    expect(() => decodeRecord(Uint8Array.of(0x92, 0x01, 0xff, 0x01))).toThrow(
      expect.objectContaining({ code: "record" }),
    );
  });
});
