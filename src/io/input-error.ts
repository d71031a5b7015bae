/** What is wrong with an input. No Node API. */

/**
 * `not-found`: there is no such file; `empty`: it holds no byte; `no-marian-log`: nothing in it is Marian's; `tar`: it is
 * a tar of several files; `unreachable`: its server did not answer, and may do so the next time; `changed`: its content is
 * not the one that was listed; `unreadable`: it can't be read, or not to its end.
 */
export type InputErrorCode =
  | "not-found"
  | "empty"
  | "no-marian-log"
  | "tar"
  | "unreachable"
  | "changed"
  | "unreadable";

/** How packed data is damaged. */
export interface Damage {
  readonly format: string;
  readonly reason: string;
  /** How much of the text before the damage is missing at most ("16 kB"); absent if nothing is. */
  readonly lost?: string | undefined;
}

interface InputErrorOptions extends ErrorOptions {
  /** Default `unreadable`. */
  readonly code?: InputErrorCode;
  readonly damage?: Damage;
  /** What to do. */
  readonly hint?: string;
}

/** An input can't be read, and the reader of the message can do something about it. What came before it was read. */
export class InputError extends Error {
  override readonly name: string = "InputError";
  /** What is wrong, for programs; its sentence is for people. */
  readonly code: InputErrorCode;
  /** @internal Set if packed data is damaged. */
  readonly damage: Damage | undefined;
  /** @internal The message without its hint, for where another hint fits. */
  readonly problem: string;
  /** @internal */
  readonly hint: string | undefined;

  /** @param options With a hint, the message ends with what to do. */
  constructor(problem: string, options: InputErrorOptions = {}) {
    super(options.hint ? `${problem}: ${options.hint}` : problem, options);
    this.code = options.code ?? "unreadable";
    this.problem = problem;
    this.hint = options.hint;
    this.damage = options.damage;
  }
}

const READ = "what could be unpacked before that was read";

/** The error for damaged packed data. What could be unpacked before was read. */
export function damaged(damage: Damage, cause: unknown): InputError {
  const { format, reason, lost } = damage;
  const missing = lost ? `, but for its last ${lost} at most` : "";
  return new InputError(`the ${format} data is damaged (${reason}); ${READ}${missing}`, { cause, damage });
}

/** The error for packed data that ends early. What could be unpacked before was read, to its last byte. */
export function endsEarly(format: string, cause: unknown): InputError {
  return new InputError(`the ${format} data ends early; ${READ}`, { cause });
}

/** Of the disk, the memory and the network; a file that is missing or forbidden is the same the next time. */
const TRANSIENT: ReadonlySet<string> = new Set([
  "EAGAIN",
  "EBUSY",
  "ECONNRESET",
  "EIO",
  "EMFILE",
  "ENFILE",
  "ENOMEM",
  "ENOTCONN",
  "ESTALE",
  "ETIMEDOUT",
  "unreachable",
]);

/** Whether an error says something of the content of an input, which is there: its packing is damaged, or it is another. */
export function isOfContent(error: unknown): boolean {
  return error instanceof InputError && (error.code === "changed" || error.damage !== undefined);
}

/** Whether the same work, done again, may end differently. */
export function isTransient(error: unknown): boolean {
  const { code, cause } = (error ?? {}) as { readonly code?: unknown; readonly cause?: unknown };
  return (typeof code === "string" && TRANSIENT.has(code)) || (cause !== undefined && isTransient(cause));
}

/** Whether an error comes from the file system or a server, so that it tells nothing of the content of an input. */
export function isOfSystem(error: unknown): boolean {
  const { syscall, cause } = (error ?? {}) as { readonly syscall?: unknown; readonly cause?: unknown };
  return syscall !== undefined || isTransient(error) || (cause !== undefined && isOfSystem(cause));
}
