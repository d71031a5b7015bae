/** Why a try failed, and what a server says of it: JSON, XML of a bucket, HTML of a load balancer, or nothing. */
import { isObject, readJson } from "../json.js";
import type { Secrets } from "./redact.js";

/**
 * `status`: the server answered so; `timeout`: a phase took too long; `connection`: it could not be made, or broke;
 * `incomplete`: the answer is not whole; `proxy`: the proxy of the environment can't be used, now or later.
 */
export type HttpErrorCode = "status" | "timeout" | "connection" | "incomplete" | "proxy";

/** A try failed. Another may succeed, unless the code is `proxy`. The message is ready to be printed. */
export class HttpError extends Error {
  override readonly name = "HttpError";
  readonly code: HttpErrorCode;
  /** HTTP status code; undefined if there was no answer. */
  readonly status: number | undefined;
  /** Milliseconds that the server asked to wait; undefined if it did not. */
  readonly askedMs: number | undefined;

  constructor(
    code: HttpErrorCode,
    message: string,
    answer: { readonly status?: number; readonly askedMs?: number | undefined } = {},
  ) {
    super(message);
    this.code = code;
    this.status = answer.status;
    this.askedMs = answer.askedMs;
  }
}

const LONGEST_TEXT = 200;
/** Characters of a text that are looked at for a message. */
const LONGEST_READ = 64 * 1024;

/** A text of somebody else's for a message: without secrets, in one line, then cut. */
export function printable(text: string, secrets: Secrets, cut = false): string {
  const start = text.slice(0, LONGEST_READ);
  const line = secrets
    .redact(start, cut || start.length < text.length)
    .replace(/\s+/g, " ")
    .trim();
  return line.length > LONGEST_TEXT ? `${line.slice(0, LONGEST_TEXT)}…` : line;
}

/** The message in an error's body: that of JSON in any of its usual forms, the title of a page, else the text. */
export function messageIn(body: string, contentType: string | undefined): string {
  const isPage = /html/i.test(contentType ?? "") || /^\s*<(?:!doctype|html)/i.test(body);
  return jsonMessage(body) ?? (isPage ? title(body) : (xmlError(body)?.message ?? body));
}

/** The error in the XML of a bucket, without what it repeats of the request, such as keys and signatures. */
export function xmlError(body: string): { readonly code: string; readonly message: string } | undefined {
  const [, code] = /<Error>(?:[^<]|<(?!Code>))*<Code>([^<]*)<\/Code>/.exec(body) ?? [];
  if (code === undefined) return undefined;
  const [, message = ""] = /<Message>([^<]*)<\/Message>/.exec(body) ?? [];
  return { code, message: message === "" ? code : `${code}: ${message}` };
}

function jsonMessage(body: string): string | undefined {
  const value = readJson(body);
  if (!isObject(value)) return undefined;
  const { message, error, errors, reason } = value;
  const [first] = Array.isArray(errors) ? (errors as unknown[]) : [];
  const texts = [memberOf(first, "message"), message, memberOf(error, "message"), error];
  const text = texts.find((one) => typeof one === "string");
  if (typeof text !== "string") return undefined;
  // After the line, Taskcluster repeats the request for whoever looks after the service.
  const [start = ""] = text.split(/\n+---\n/);
  return typeof reason === "string" ? `${reason}: ${start}` : start;
}

function memberOf(value: unknown, name: string): unknown {
  return isObject(value) ? value[name] : undefined;
}

function title(html: string): string {
  const [, found = "an HTML page"] = /<title[^>]*>([^<]+)/i.exec(html) ?? [];
  return found;
}
