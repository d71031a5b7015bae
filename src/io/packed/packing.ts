/** How a log may be packed, told by its first bytes, never by a name. No Node API. */

/** A fault of the input that the reader of the message can do something about. What came before it was read. */
export class InputError extends Error {
  override readonly name: string = "InputError";
  /** What is wrong, for programs; its sentence is for people. */
  readonly code: InputErrorCode;

  constructor(message: string, options: ErrorOptions & { readonly code?: InputErrorCode } = {}) {
    super(message, options);
    this.code = options.code ?? "unreadable";
  }
}

/**
 * `not-found`: there is no such file; `empty`: it holds no byte; `no-marian-log`: nothing in it is Marian's; `tar`: it is
 * a tar of several files; `unreadable`: it can't be read, or not to its end.
 */
export type InputErrorCode = "not-found" | "empty" | "no-marian-log" | "tar" | "unreadable";

/** What is unpacked here. */
export type Packing = "gzip" | "zstd";

/** What the first bytes tell. */
export interface Kind {
  readonly format: string;
  readonly bytes: readonly number[];
  /** How it is unpacked here; absent where it isn't. */
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

/** The kind that starts with these bytes; nothing for plain text. */
export function kindOf(head: Uint8Array): Kind | undefined {
  return KINDS.find(({ bytes }) => head.length >= bytes.length && startsLike(head, bytes));
}

function startsLike(head: Uint8Array, bytes: readonly number[]): boolean {
  return bytes.slice(0, head.length).every((byte, index) => head[index] === byte);
}

/** Packed data that is not whole. What could be unpacked before was read. */
export class DamagedError extends InputError {
  /** How much of the text before the damage is missing at most, in words; absent where nothing is. */
  readonly lost?: string;
  readonly #format: Packing;
  readonly #fault: string;

  constructor(format: Packing, fault: string, lost: string | undefined, cause: unknown) {
    const read = "what could be unpacked before that was read";
    const missing = lost === undefined ? "" : `, but for its last ${lost} at most`;
    super(`the ${format} data is damaged (${fault}); ${read}${missing}`, { cause });
    this.#format = format;
    this.#fault = fault;
    if (lost !== undefined) this.lost = lost;
  }

  /** The same, where nothing before the damage is missing. */
  exact(): DamagedError {
    return new DamagedError(this.#format, this.#fault, undefined, this.cause);
  }
}

/** The error for packed data that ends early. What could be unpacked before was read, to its last byte. */
export function endsEarly(format: Packing, cause: unknown): InputError {
  return new InputError(`the ${format} data ends early; what could be unpacked before that was read`, {
    cause,
  });
}
