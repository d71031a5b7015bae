import { expect, test } from "vitest";
import { crc32c, maskedCrc32c } from "../../../src/publishers/tensorboard/crc32c.js";

// RFC 3720, B.4.
test.each([
  ["32 zeros", new Uint8Array(32), 0x8a9136aa],
  ["32 times 255", new Uint8Array(32).fill(0xff), 0x62a8ab43],
  ["0 to 31", Uint8Array.from({ length: 32 }, (_, at) => at), 0x46dd794e],
  ["31 to 0", Uint8Array.from({ length: 32 }, (_, at) => 31 - at), 0x113fdb5c],
])("CRC-32C of %s", (_name, bytes, expected) => {
  expect(crc32c(bytes)).toBe(expected);
});

test("of a part", () => {
  const bytes = new TextEncoder().encode("--123456789--");
  expect(crc32c(bytes, 2, 11)).toBe(0xe3069283);
});

test("masked, as the length 24 stands at the start of many an event file", () => {
  expect(maskedCrc32c(Uint8Array.of(24, 0, 0, 0, 0, 0, 0, 0))).toBe(0x224b7fa3);
});
