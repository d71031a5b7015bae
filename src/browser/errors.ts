/** Errors on their way between a page and its worker: as a copy, an error would lose its class, its code and its fields. */
import { InputError, type InputErrorCode } from "../io/packed/packing.js";

/** An error as a message. */
export interface ErrorMessage {
  readonly name: string;
  readonly message: string;
  /** Of an {@link InputError} alone. */
  readonly code?: InputErrorCode;
  readonly cause?: ErrorMessage;
}

/** For the way. */
export function packedError(error: unknown): ErrorMessage {
  if (!(error instanceof Error)) return { name: "Error", message: String(error) };
  const { name, message, cause } = error;
  return {
    name,
    message,
    ...(error instanceof InputError && { code: error.code }),
    ...(cause !== undefined && { cause: packedError(cause) }),
  };
}

/** The error again, an {@link InputError} where it was one; of others, the name. */
export function unpackedError({ name, message, code, cause }: ErrorMessage): Error {
  const options = cause === undefined ? {} : { cause: unpackedError(cause) };
  if (code !== undefined) return new InputError(message, { ...options, code });
  return Object.assign(new Error(message, options), { name });
}
