/** How a log is packed. The first bytes decide, never the name. No Node API. */

/** What is unpacked here. */
export type Packing = "gzip" | "zstd";

/** What the first bytes tell. */
export interface Kind {
  readonly format: string;
  readonly bytes: readonly number[];
  /** How it is unpacked here; absent if it isn't. */
  readonly packing?: Packing;
  /** A command that makes plain text of it. */
  readonly command?: string;
}

const utf16 = { format: "UTF-16 text", command: "iconv -f UTF-16 -t UTF-8 FILE" };

const KINDS: readonly Kind[] = [
  { format: "gzip", bytes: [0x1f, 0x8b], packing: "gzip" },
  { format: "zstd", bytes: [0x28, 0xb5, 0x2f, 0xfd], packing: "zstd" },
  { format: "xz", bytes: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], command: "xz -dc FILE" },
  { format: "bzip2", bytes: [0x42, 0x5a, 0x68], command: "bzip2 -dc FILE" },
  { format: "zip", bytes: [0x50, 0x4b, 0x03, 0x04], command: "unzip -p FILE" },
  { ...utf16, bytes: [0xff, 0xfe] },
  { ...utf16, bytes: [0xfe, 0xff] },
];

/** Whether more bytes could tell a kind that these first ones leave open. */
export function kindIsOpen(head: Uint8Array): boolean {
  return KINDS.some(({ bytes }) => head.length < bytes.length && startsLike(head, bytes));
}

/** The kind that starts with these bytes; undefined for plain text. */
export function kindOf(head: Uint8Array): Kind | undefined {
  return KINDS.find(({ bytes }) => head.length >= bytes.length && startsLike(head, bytes));
}

function startsLike(head: Uint8Array, bytes: readonly number[]): boolean {
  return bytes.slice(0, head.length).every((byte, index) => head[index] === byte);
}
