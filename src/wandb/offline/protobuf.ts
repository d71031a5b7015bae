/** Protobuf messages by tables of their fields. Only what W&B's offline file needs. */
import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";

export { type BinaryReader, BinaryWriter, WireType };

/** How a value stands in a field of a message. */
export interface Codec<T> {
  /** Reads the value of one occurrence of the field. `before` is what earlier occurrences gave. */
  read(reader: BinaryReader, before: T | undefined): T;
  write(writer: BinaryWriter, field: number, value: T): void;
  /** Whether proto3 leaves the field out. */
  isDefault?(value: T): boolean;
}

/** The number and codec of each member of a message. Members are written in the order of the table. */
export type Fields<T> = {
  readonly [K in keyof T]-?: readonly [field: number, codec: Codec<Exclude<T[K], undefined>>];
};

export const text: Codec<string> = {
  read: (reader) => reader.string(),
  write: (writer, field, value) => writer.tag(field, WireType.LengthDelimited).string(value),
  isDefault: (value) => value === "",
};

/** For int32 and int64, which share their encoding. */
export const integer: Codec<number> = {
  read: (reader) => Number(reader.int64()),
  write: (writer, field, value) => writer.tag(field, WireType.Varint).int64(value),
  isDefault: (value) => value === 0,
};

export const flag: Codec<boolean> = {
  read: (reader) => reader.bool(),
  write: (writer, field, value) => writer.tag(field, WireType.Varint).bool(value),
  isDefault: (value) => !value,
};

/** A timestamp in seconds since 1970, to the microsecond. */
export const time: Codec<number> = {
  read(reader) {
    const { seconds, nanos } = timestamp.read(reader, undefined);
    // One division of whole microseconds gives the double that was written.
    return (seconds * 1e6 + Math.round(nanos / 1000)) / 1e6;
  },
  write: (writer, field, value) => timestamp.write(writer, field, splitTime(value)),
};

const timestamp = message(() => ({ seconds: 0, nanos: 0 }), { seconds: [1, integer], nanos: [2, integer] });

/** Whole seconds, and nanoseconds that are whole microseconds. */
export function splitTime(seconds: number): { readonly seconds: number; readonly nanos: number } {
  // A double holds about a tenth of a microsecond here; whole microseconds keep what was given.
  const micros = Math.round(seconds * 1e6);
  const whole = Math.floor(micros / 1e6);
  return { seconds: whole, nanos: (micros - whole * 1e6) * 1000 };
}

/** One of some names by its index. An unknown index gives the first name. */
export function enumeration<const Name extends string>(names: readonly [Name, ...Name[]]): Codec<Name> {
  return {
    read: (reader) => names[reader.int32()] ?? names[0],
    write: (writer, field, value) => writer.tag(field, WireType.Varint).int64(names.indexOf(value)),
    isDefault: (value) => value === names[0],
  };
}

/** A repeated field. */
export function list<T>(codec: Codec<T>): Codec<readonly T[]> {
  return {
    read(reader, before = []) {
      // The list is that of the message being read, so nobody else has it.
      (before as T[]).push(codec.read(reader, undefined));
      return before;
    },
    write(writer, field, values) {
      for (const value of values) codec.write(writer, field, value);
    },
  };
}

/** A message. `start` gives the values of the fields that must not be absent. */
export function message<T extends object>(start: () => T, fields: Fields<T>): Codec<T> {
  type Member = T[keyof T];
  const members = Object.entries(fields).map(([key, entry]) => {
    const [field, codec] = entry as readonly [number, Codec<Member>];
    return { key: key as keyof T, field, codec };
  });
  const byField = new Map(members.map((member) => [member.field, member]));
  return {
    read(reader) {
      const value = start();
      eachField(reader.bytes(), (inner, field) => {
        const member = byField.get(field);
        if (member === undefined) return false;
        value[member.key] = member.codec.read(inner, value[member.key]);
        return true;
      });
      return value;
    },
    write(writer, number, value) {
      writer.tag(number, WireType.LengthDelimited).fork();
      for (const { key, field, codec } of members) {
        const member = value[key];
        if (member !== undefined && !codec.isDefault?.(member)) codec.write(writer, field, member);
      }
      writer.join();
    },
  };
}

/** A value that a message of its own holds as its first field. */
export function boxed<T>(codec: Codec<T>, initial: T): Codec<T> {
  const box = message((): { value: T } => ({ value: initial }), {
    value: [1, codec as Codec<Exclude<T, undefined>>],
  });
  return {
    read: (reader) => box.read(reader, undefined).value,
    write: (writer, field, value) => box.write(writer, field, { value }),
  };
}

/** Calls `read` for each field of a message. A field is skipped if that returns false without reading it. */
export function eachField(
  bytes: Uint8Array,
  read: (reader: BinaryReader, field: number, wireType: WireType) => boolean,
): void {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (!read(reader, field, wireType)) reader.skip(wireType, field);
  }
}
