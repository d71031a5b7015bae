/** How answers and artifacts go out. */
import type { ServerResponse } from "node:http";
import type { Fault } from "./faults.js";

/** An answer of the queue. */
export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>>,
): void {
  const text = JSON.stringify(body);
  response
    .writeHead(status, {
      "Content-Type": "application/json; charset=utf-8",
      "Content-Length": String(Buffer.byteLength(text)),
      "x-for-request-id": "95135e17-2a42-4622-9cfc-331ae7e88cd3",
      ...headers,
    })
    .end(text);
}

/** An artifact; `fault` says how it comes damaged. */
export function sendContent(
  response: ServerResponse,
  content: Buffer,
  gzip: boolean,
  fault: Fault | undefined,
): void {
  const encoding = gzip ? { "Content-Encoding": "gzip" } : {};
  const length = { "Content-Length": String(content.length) };
  const half = content.subarray(0, Math.floor(content.length / 2));
  switch (fault?.kind) {
    case "cut":
      response.writeHead(200, encoding);
      response.end(half);
      return;
    case "empty":
      response.writeHead(200, encoding);
      response.end();
      return;
    case "short":
      response.writeHead(200, { ...encoding, ...length });
      response.write(half, () => setImmediate(() => response.destroy()));
      return;
    case "encoding":
      response.writeHead(200, { "Content-Encoding": fault.name, ...length });
      response.end(content);
      return;
    case "stall":
      response.writeHead(200, { ...encoding, ...length });
      response.write(half);
      return;
    case "damage": {
      const damaged = Buffer.from(content);
      const middle = half.length;
      damaged[middle] = (damaged[middle] ?? 0) ^ 0xff;
      response.writeHead(200, { ...encoding, ...length });
      response.end(damaged);
      return;
    }
    default:
      response.writeHead(200, { ...encoding, ...length });
      response.end(content);
  }
}
