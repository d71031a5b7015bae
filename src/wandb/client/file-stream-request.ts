import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { isObject, type RequestScope } from "../../http/index.js";
import { WandbError } from "./errors.js";
import type { RunAddress } from "./run-address.js";
import type { WandbClient } from "./wandb-client.js";

const gzipAsync = promisify(gzip);

const SMALLEST_GZIP_BYTES = 1024;
const WHAT = "the run's rows";
/** What W&B answers to lines, each null or so; a server that says none of it took nothing. */
const ANSWER_FIELDS: Readonly<Record<string, (value: unknown) => boolean>> = {
  exitcode: Number.isInteger,
  limits: isObject,
  stopped: (value) => typeof value === "boolean",
};

/** The server, and the run that gets the lines. */
export interface StreamConnection extends RunAddress {
  readonly client: WandbClient;
  readonly scope: RequestScope;
  /** Whether the server takes gzip bodies. */
  readonly gzip: boolean;
}

/** Lines of one file, as JSON strings; a buffer holds several with commas between them. */
export interface LinesOfFile {
  readonly file: string;
  /** Number of the first line in the run's file. */
  readonly offset: number;
  readonly lines: JsonText;
}

/** Parts of a JSON text. */
type JsonText = readonly (string | Buffer)[];

/** Encodes the body of a request. With an exit code it is the last one of the run. */
export function encodeStreamRequest(request: {
  readonly files: readonly LinesOfFile[];
  /** The complete summary as JSON. */
  readonly summary: string | undefined;
  readonly uploaded: readonly string[];
  readonly preempting: boolean;
  readonly exitCode: number | undefined;
}): Buffer {
  const files = request.files.map(
    ({ file, offset, lines }): JsonText => [
      `${JSON.stringify(file)}:{"offset":${offset},"content":[`,
      ...listOf(lines.map((line) => [line])),
      "]}",
    ],
  );
  if (request.summary !== undefined)
    files.push([`"wandb-summary.json":{"offset":0,"content":[${JSON.stringify(request.summary)}]}`]);
  const members: JsonText[] = [];
  if (files.length > 0) members.push(['"files":{', ...listOf(files), "}"]);
  if (request.uploaded.length > 0) members.push([`"uploaded":${JSON.stringify(request.uploaded)}`]);
  if (request.preempting) members.push(['"preempting":true']);
  if (request.exitCode !== undefined) members.push([`"complete":true,"exitcode":${request.exitCode}`]);
  const body = ["{", ...listOf(members), "}"];
  return Buffer.concat(body.map((part) => (typeof part === "string" ? Buffer.from(part) : part)));
}

/** The members of a JSON list or object. */
function listOf(items: readonly JsonText[]): JsonText {
  return items.flatMap((item, at) => (at === 0 ? item : [",", ...item]));
}

/** @throws WandbError when the server does not take the request, or the answer is not from W&B. */
export async function sendStreamRequest(connection: StreamConnection, content: Buffer): Promise<void> {
  const { client, scope, entity, project, runId } = connection;
  const path = [entity, project, runId].map(encodeURIComponent).join("/");
  const packed = connection.gzip && content.length >= SMALLEST_GZIP_BYTES;
  const body = packed ? await gzipAsync(content, { level: 3 }) : content;
  const answer = await client.http.send(
    {
      method: "POST",
      url: `${client.settings.baseUrl}/files/${path}/file_stream`,
      headers: { "content-type": "application/json", ...(packed ? { "content-encoding": "gzip" } : {}) },
      body: () => body,
      authorized: true,
      headersMs: client.timeouts.fileStream,
      wholeMs: client.timeouts.fileStream,
      what: WHAT,
    },
    scope,
  );
  const reply = client.reply(answer, WHAT);
  const isAnswer = Object.entries(ANSWER_FIELDS).some(
    ([name, fits]) => name in reply && (reply[name] === null || fits(reply[name])),
  );
  if (!isAnswer)
    throw new WandbError(
      "malformed-answer",
      `the answer to ${WHAT} is not from W&B (HTTP ${answer.status}, without ${Object.keys(ANSWER_FIELDS).join(", ")}): check the base URL`,
    );
}
