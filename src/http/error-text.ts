/** What a server said when it said no. Anything may come: JSON, XML of a bucket, HTML of a load balancer, nothing. */
import type { Secrets } from "./redact.js";

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
  return jsonMessage(body) ?? (isPage ? title(body) : body);
}

function jsonMessage(body: string): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const { message, error, errors, reason } = value as Record<string, unknown>;
  const [first] = Array.isArray(errors) ? (errors as unknown[]) : [];
  const texts = [memberOf(first, "message"), message, memberOf(error, "message"), error];
  const text = texts.find((one) => typeof one === "string");
  if (typeof text !== "string") return undefined;
  // After the line, Taskcluster repeats the request for whoever looks after the service.
  const [start = ""] = text.split(/\n+---\n/);
  return typeof reason === "string" ? `${reason}: ${start}` : start;
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

function title(html: string): string {
  const [, found = "an HTML page"] = /<title[^>]*>([^<]+)/i.exec(html) ?? [];
  return found;
}
