/** Errors as messages: a structured clone would lose their class, their code and their fields. */
import { InputError, type InputErrorCode } from "../io/input-error.js";

/** What a message tells of an error. */
export interface ErrorMessage {
  readonly name: string;
  readonly message: string;
  /** Only an {@link InputError} has one. */
  readonly code?: InputErrorCode;
  readonly cause?: ErrorMessage;
}

/** An error as a message. */
export function errorMessage(error: unknown): ErrorMessage {
  if (!(error instanceof Error)) return { name: "Error", message: String(error) };
  const { name, message, cause } = error;
  return {
    name,
    message,
    ...(error instanceof InputError && { code: error.code }),
    ...(cause !== undefined && { cause: errorMessage(cause) }),
  };
}

/** The error of a message: an {@link InputError} if it was one; others keep their name. */
export function errorOf({ name, message, code, cause }: ErrorMessage): Error {
  const options = cause === undefined ? {} : { cause: errorOf(cause) };
  if (code !== undefined) return new InputError(message, { ...options, code });
  return Object.assign(new Error(message, options), { name });
}
