/** The thread in which `@wandb/sdk` runs. */

/** What the thread is started with. */
export interface SdkTask {
  /** Absolute path of the SDK. */
  readonly sdk: string;
  /** The SDK's `init`. The key is nowhere but here: not in the environment, not in an argument. */
  readonly init: Readonly<Record<string, unknown>>;
}

/** What the thread is told. */
export type SdkOrder =
  | { readonly kind: "row"; readonly values: Readonly<Record<string, unknown>>; readonly step: number }
  | { readonly kind: "finish"; readonly exitCode: number };

/** What the thread tells. */
export type SdkReport =
  | { readonly kind: "started"; readonly entity: string }
  | ({ readonly kind: "request" } & SdkRequest)
  /** `fault` is the status, or the fault of the connection; absent if the server took the request. */
  | ({ readonly kind: "answer"; readonly fault?: string | number } & SdkRequest)
  | { readonly kind: "finished" }
  | { readonly kind: "failed"; readonly code?: string; readonly message: string };

/** A request of the SDK: how many rows it carries, and whether it ends the run. */
interface SdkRequest {
  readonly stream: boolean;
  readonly rows: number;
  readonly end: boolean;
}

/**
 * The program of the thread. A thread, because the SDK throws past its caller when the server refuses a run, prints to
 * standard output and takes over SIGTERM: here none of that reaches the program. As text, because it must be found in
 * the bundle, in dist/ and in the sources alike.
 *
 * The SDK does not say what the server answered, so its requests are watched: node-fetch, which it uses, takes
 * `request` from the modules at each call.
 */
export const SDK_WORKER = `"use strict";
const { parentPort, workerData } = require("node:worker_threads");
const tell = (report) => parentPort.postMessage(report);

for (const module of [require("node:http"), require("node:https")]) {
  const { request } = module;
  module.request = (...parameters) => watch(request(...parameters));
}

function watch(request) {
  const chunks = [];
  const { write, end } = request;
  request.write = function (chunk, ...rest) {
    chunks.push(Buffer.from(chunk));
    return write.call(this, chunk, ...rest);
  };
  let what;
  request.end = function (...rest) {
    what = describe(request.path, Buffer.concat(chunks).toString());
    tell({ kind: "request", ...what });
    return end.apply(this, rest);
  };
  request.on("response", ({ statusCode }) => {
    const taken = statusCode >= 200 && statusCode < 300;
    tell({ kind: "answer", ...what, ...(taken ? {} : { fault: statusCode }) });
  });
  request.on("error", ({ code, message }) => tell({ kind: "answer", ...what, fault: code ?? message }));
  return request;
}

function describe(path, text) {
  if (!path.endsWith("/file_stream")) return { stream: false, rows: 0, end: false };
  const body = JSON.parse(text);
  const rows = body.files?.["wandb-history.jsonl"]?.content?.length ?? 0;
  return { stream: true, rows, end: body.complete === true };
}

(async () => {
  const { wandb } = require(workerData.sdk);
  const run = await wandb.init(workerData.init);
  parentPort.on("message", (order) => {
    if (order.kind === "row") run.log(order.values, order.step);
    else run.finish(order.exitCode).then(() => tell({ kind: "finished" }), failed);
  });
  tell({ kind: "started", entity: run.entity });
})().catch(failed);

function failed(error) {
  tell({ kind: "failed", code: error?.code, message: String(error?.message ?? error) });
}
`;
