/** Faults that any server may have, by name: each answers a request in its place, or does not. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** What a request is: a question in JSON, lines of a run, bytes that are put, bytes that are asked for, or a secret. */
export type RequestKind = "graphql" | "file_stream" | "upload" | "api" | "content";

/** What a client has to make of an answer. */
export type Verdict =
  /** Another try may help. */
  | "again"
  /** Another try may help, but the server asks to wait longer than anybody can. */
  | "later"
  /** It is final. */
  | "refused"
  /** The request was carried out. */
  | "taken";

/** A fault. */
export interface NamedFault {
  readonly name: string;
  /** The kinds of request that the fault is one for; absent: all. */
  readonly kinds?: readonly RequestKind[];
  /** What has to be made of it. */
  readonly verdict: Verdict;
  /** By the kind of request, where it is another: of an upload, the status alone counts. */
  readonly verdicts?: Readonly<Partial<Record<RequestKind, Verdict>>>;
  /** Whether it ends only when the client gives up waiting. */
  readonly slow?: boolean;
  /** Answers in the place of the server, which stores nothing. */
  answer(request: IncomingMessage, response: ServerResponse): void;
}

const JSON_KINDS = ["graphql", "file_stream", "api"] as const;
const HTML = "<!doctype html><html><head><title>Please log in</title></head><body>portal</body></html>";

function plain(
  name: string,
  status: number,
  body: string,
  more: Partial<Omit<NamedFault, "name" | "answer">> & {
    readonly headers?: Readonly<Record<string, string>>;
  } = {},
): NamedFault {
  const { headers = {}, ...rest } = more;
  const final = status < 500 && status !== 408 && status !== 429;
  return {
    name,
    verdict: final ? "refused" : "again",
    ...rest,
    answer: (_request, response) => {
      const length = status === 204 || status === 304 ? {} : { "content-length": Buffer.byteLength(body) };
      response.writeHead(status, { "content-type": "application/json", ...length, ...headers }).end(body);
    },
  };
}

/** Sends pieces for as long as the connection stands. */
function endless(response: ServerResponse, piece: Buffer, pauseMs: number): void {
  const more = (): void => {
    if (response.destroyed) return;
    const ready = response.write(piece);
    if (pauseMs > 0) setTimeout(more, pauseMs);
    else if (ready) setImmediate(more);
    else response.once("drain", more);
  };
  more();
}

/** Every fault of a request, each by its name. */
export const FAULTS: readonly NamedFault[] = [
  plain("200 with a page", 200, HTML, {
    kinds: JSON_KINDS,
    headers: { "content-type": "text/html" },
  }),
  plain("200 with nothing", 200, "", { kinds: JSON_KINDS }),
  plain("200 with an error in it", 200, '{"data":null,"errors":[{"message":"not today"}]}', {
    kinds: JSON_KINDS,
  }),
  plain("200 with {}", 200, "{}", { kinds: JSON_KINDS }),
  plain("200 with a list", 200, "[]", { kinds: JSON_KINDS }),
  plain("200 with other fields", 200, '{"ok":true,"data":{"ok":true}}', { kinds: JSON_KINDS }),
  plain("200 with data that is null", 200, '{"data":null}', { kinds: JSON_KINDS }),
  plain("200 with half of a JSON text", 200, '{"exitcode":null,"limits":{"a":', { kinds: JSON_KINDS }),
  plain("200 with NaN", 200, '{"data":NaN,"exitcode":NaN,"limits":NaN,"stopped":NaN}', { kinds: JSON_KINDS }),
  plain("200 with fields of other types", 200, '{"data":"yes","exitcode":"0","limits":[],"stopped":0}', {
    kinds: JSON_KINDS,
  }),
  plain("200 that says gzip and is none", 200, HTML, {
    kinds: [...JSON_KINDS, "content"],
    verdicts: { content: "again" },
    headers: { "content-encoding": "gzip" },
  }),
  plain("204", 204, "", { verdicts: { upload: "taken", content: "again" } }),
  plain("206 with a part", 206, '{"ex', {
    verdicts: { upload: "taken", content: "again" },
    headers: { "content-range": "bytes 0-3/100000" },
  }),
  ...[301, 302, 303, 307, 308].map((status) =>
    plain(`${status} to a login`, status, HTML, {
      kinds: ["graphql", "file_stream", "upload"],
      headers: { location: "http://127.0.0.1:9/login" },
    }),
  ),
  plain("304", 304, "", { kinds: ["graphql", "file_stream", "upload"] }),
  ...[400, 401, 403, 404, 409, 410, 413, 422, 501].map((status) =>
    plain(String(status), status, '{"message":"no"}', {
      // Taskcluster and stores of objects say 501 for what may pass.
      ...(status === 501 ? { kinds: ["graphql", "file_stream", "upload"], verdict: "refused" } : {}),
    }),
  ),
  ...[408, 429, 500, 502, 503, 504].map((status) => plain(String(status), status, HTML)),
  ...(
    [
      ["0", "0"],
      ["-5", "negative"],
      ["soon", "no time"],
      ["Thu, 01 Jan 1970 00:00:00 GMT", "a past date"],
    ] as const
  ).flatMap(([value, name]) =>
    [429, 503].map((status) =>
      plain(`${status} with Retry-After: ${name}`, status, "", { headers: { "retry-after": value } }),
    ),
  ),
  ...(
    [
      ["3600", "an hour"],
      ["99999999999999999999", "for ever"],
      ["Fri, 31 Dec 9999 23:59:59 GMT", "a date far ahead"],
    ] as const
  ).map(([value, name]) =>
    plain(`429 with Retry-After: ${name}`, 429, "", { verdict: "later", headers: { "retry-after": value } }),
  ),
  plain("503 and no more requests", 503, "", {
    verdict: "later",
    headers: { "ratelimit-remaining": "0", "ratelimit-reset": "86400" },
  }),
  {
    name: "200 with a gigabyte",
    kinds: JSON_KINDS,
    verdict: "refused",
    answer: (_request, response) => {
      response.writeHead(200, { "content-length": 1e9 });
      endless(response, Buffer.alloc(256 * 1024, " "), 0);
    },
  },
  {
    name: "200 with a body without an end",
    kinds: JSON_KINDS,
    verdict: "refused",
    answer: (_request, response) => {
      response.writeHead(200);
      endless(response, Buffer.alloc(256 * 1024, " "), 0);
    },
  },
  {
    name: "500 with a body without an end",
    verdict: "again",
    answer: (_request, response) => {
      response.writeHead(500);
      endless(response, Buffer.alloc(256 * 1024, "x"), 0);
    },
  },
  {
    name: "200 that drips",
    kinds: JSON_KINDS,
    verdict: "again",
    slow: true,
    answer: (_request, response) => {
      response.writeHead(200);
      endless(response, Buffer.from(" "), 50);
    },
  },
  {
    name: "a head without a body",
    kinds: ["graphql", "file_stream", "api", "content"],
    verdict: "again",
    slow: true,
    answer: (_request, response) => {
      response.writeHead(200, { "content-length": 1000 });
      response.flushHeaders();
    },
  },
  {
    name: "a body that is cut",
    kinds: ["graphql", "file_stream", "api", "content"],
    verdict: "again",
    answer: (request, response) => {
      response.writeHead(200, { "content-length": 1000 });
      response.write("{", () => request.socket.end());
    },
  },
  {
    name: "a body that is reset",
    kinds: ["graphql", "file_stream", "api", "content"],
    verdict: "again",
    slow: true,
    answer: (request, response) => {
      response.writeHead(200, { "content-length": 1000 });
      response.write("{", () => setImmediate(() => request.socket.resetAndDestroy()));
    },
  },
  {
    name: "a length that is no number",
    verdict: "again",
    answer: (request) => request.socket.end("HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n{}"),
  },
  {
    name: "a length that is too short",
    kinds: ["graphql", "file_stream", "api"],
    verdict: "refused",
    answer: (request) => request.socket.end('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{"data":{}}'),
  },
  {
    name: "closed before the head",
    verdict: "again",
    answer: (request) => request.socket.end(),
  },
  {
    name: "reset before the head",
    verdict: "again",
    answer: (request) => request.socket.resetAndDestroy(),
  },
  {
    name: "closed in the head",
    verdict: "again",
    answer: (request) => request.socket.end("HTTP/1.1 200 OK\r\nContent-Le"),
  },
  {
    name: "no HTTP",
    verdict: "again",
    answer: (request) => request.socket.end("SSH-2.0-OpenSSH_9.2\r\n"),
  },
  {
    name: "a head without an end",
    verdict: "again",
    answer: ({ socket }) => {
      socket.on("error", () => {});
      socket.write(`HTTP/1.1 200 OK\r\nX-Long: ${"x".repeat(100_000)}`);
    },
  },
  { name: "silence", verdict: "again", slow: true, answer: () => {} },
];

/** A fault by its name. */
export function faultNamed(name: string): NamedFault {
  const found = FAULTS.find((fault) => fault.name === name);
  if (found === undefined) throw new Error(`no fault is called ${name}`);
  return found;
}

/** The faults that a kind of request may have. */
export function faultsOf(kind: RequestKind): readonly NamedFault[] {
  return FAULTS.filter(({ kinds }) => kinds === undefined || kinds.includes(kind));
}

/** What a server, or a proxy, does with a connection before there is a request. */
export interface ConnectionFault {
  readonly name: string;
  readonly slow?: boolean;
  /** Whether another try would end the same, where it is a proxy's. */
  readonly final?: boolean;
  take(socket: Socket): void;
}

function atFirstBytes(name: string, answer: (socket: Socket) => void, final = false): ConnectionFault {
  return { name, final, take: (socket) => void socket.once("data", () => answer(socket)) };
}

function dripping(name: string, pieces: readonly string[]): ConnectionFault {
  return {
    name,
    slow: true,
    take: (socket) => {
      let at = 0;
      const timer = setInterval(() => {
        socket.write(pieces[Math.min(at, pieces.length - 1)] as string);
        at += 1;
      }, 20);
      socket.once("close", () => clearInterval(timer));
    },
  };
}

/** Every fault of a connection. */
export const CONNECTION_FAULTS: readonly ConnectionFault[] = [
  { name: "closes at once", take: (socket) => socket.end() },
  { name: "resets at once", take: (socket) => socket.resetAndDestroy() },
  atFirstBytes("closes at the first bytes", (socket) => socket.destroy()),
  atFirstBytes("resets at the first bytes", (socket) => socket.resetAndDestroy()),
  atFirstBytes("answers no HTTP", (socket) => socket.end("hello\r\n")),
  atFirstBytes("answers half a head", (socket) => socket.end("HTTP/1.1 200 Conn")),
  atFirstBytes("answers a head without an end", (socket) =>
    socket.write(`HTTP/1.1 200 OK\r\nX: ${"x".repeat(100_000)}`),
  ),
  atFirstBytes("refuses as a proxy", (socket) => socket.end("HTTP/1.1 503 No\r\n\r\n")),
  atFirstBytes(
    "asks for a password as a proxy",
    (socket) => socket.end('HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm="x"\r\n\r\n'),
    true,
  ),
  { name: "says nothing", slow: true, take: () => {} },
  dripping("drips no HTTP", ["x"]),
  dripping("drips a head without an end", [..."HTTP/1.1 200 OK\r\nX-Long: ", "x"]),
  dripping("drips headers without an end", ["HTTP/1.1 200 OK\r\n", "X: y\r\n"]),
];
