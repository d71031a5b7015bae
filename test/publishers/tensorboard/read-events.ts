/** Reads an event file by the book: every length and checksum is looked at. */
import { readFileSync } from "node:fs";
import { BinaryReader } from "@bufbuild/protobuf/wire";
import { maskedCrc32c } from "../../../src/publishers/tensorboard/crc32c.js";

/** An event: the version of the file, or the values and texts of one step by tag. */
export interface ReadEvent {
  wallTime: number;
  step: number;
  version?: string;
  values: Record<string, number | string>;
}

/** All events of a file. Throws where a record is not whole. */
export function readEvents(path: string): ReadEvent[] {
  const bytes = readFileSync(path);
  const events: ReadEvent[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = Number(bytes.readBigUInt64LE(at));
    if (bytes.readUInt32LE(at + 8) !== maskedCrc32c(bytes, at, at + 8)) throw new Error(`length at ${at}`);
    const data = bytes.subarray(at + 12, at + 12 + length);
    if (data.length < length || bytes.readUInt32LE(at + 12 + length) !== maskedCrc32c(data))
      throw new Error(`data at ${at}`);
    events.push(readEvent(data));
    at += 12 + length + 4;
  }
  return events;
}

function readEvent(bytes: Uint8Array): ReadEvent {
  const event: ReadEvent = { wallTime: Number.NaN, step: Number.NaN, values: {} };
  each(bytes, {
    1: (reader) => {
      event.wallTime = reader.double();
    },
    2: (reader) => {
      event.step = Number(reader.int64());
    },
    3: (reader) => {
      event.version = reader.string();
    },
    5: (reader) => each(reader.bytes(), { 1: (inner) => readValue(inner.bytes(), event.values) }),
  });
  return event;
}

function readValue(bytes: Uint8Array, values: ReadEvent["values"]): void {
  let tag = "";
  each(bytes, {
    1: (reader) => {
      tag = reader.string();
    },
    2: (reader) => {
      values[tag] = reader.float();
    },
    8: (reader) =>
      each(reader.bytes(), {
        8: (tensor) => {
          values[tag] = tensor.string();
        },
      }),
  });
}

function each(bytes: Uint8Array, fields: Readonly<Record<number, (reader: BinaryReader) => void>>): void {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    const read = fields[field];
    if (read === undefined) reader.skip(wireType, field);
    else read(reader);
  }
}
