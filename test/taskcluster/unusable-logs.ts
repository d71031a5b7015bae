/** Each way in which a log that a run lists can't be had. */
import type { Fault, TaskclusterStandIn } from "../servers/taskcluster/index.js";

/** Makes a log of the stand-in unusable, from now on. */
export interface UnusableLog {
  readonly name: string;
  /** What is said of it. */
  readonly reason: RegExp;
  apply(server: TaskclusterStandIn, taskId: string, runId: number, log: string): void;
}

const storage = (name: string, fault: Fault, reason: RegExp): UnusableLog => ({
  name,
  reason,
  apply: (server, taskId, runId, log) =>
    server.inject({
      endpoint: "content",
      path: `/${taskId}/${runId}/${log}`,
      fault,
      times: Number.POSITIVE_INFINITY,
    }),
});

const queue = (status: number, reason: RegExp): UnusableLog => ({
  name: `${status} of the queue`,
  reason,
  apply: (server, taskId, runId, log) =>
    server.inject({
      endpoint: "artifact",
      path: `/${taskId}/runs/${runId}/artifacts/${log}`,
      fault: { kind: "status", status, body: "{}" },
      times: Number.POSITIVE_INFINITY,
    }),
});

const xml = (code: string) => `<?xml version="1.0"?>\n<Error><Code>${code}</Code></Error>`;
const bucket = (status: number, code: string): Fault => ({
  kind: "status",
  status,
  body: xml(code),
  contentType: "application/xml",
});

const link = (name: string, to: string, reason: RegExp): UnusableLog => ({
  name,
  reason,
  apply: (server, taskId, runId, log) => {
    const artifact = server.store.artifact(taskId, log, runId);
    artifact.storageType = "link";
    artifact.link = to === "itself" ? log : to;
  },
});

/** Those that no further try would mend. */
export const REFUSED_LOGS: readonly UnusableLog[] = [
  storage("NoSuchKey", bucket(404, "NoSuchKey"), /HTTP 404/),
  storage("AccessDenied", bucket(403, "AccessDenied"), /HTTP 403/),
  queue(403, /HTTP 403/),
  queue(404, /HTTP 404/),
  queue(410, /has expired \(HTTP 410\)/),
  link("a link that leads nowhere", "public/build/gone.log", /HTTP 404/),
  link("a link that leads to itself", "itself", /HTTP 400/),
  {
    name: "what the worker could not store",
    reason: /was not stored by the worker \(HTTP 424\)/,
    apply: (server, taskId, runId, log) => {
      server.store.artifact(taskId, log, runId).storageType = "error";
    },
  },
  {
    name: "an empty one",
    reason: /is empty/,
    apply: (server, taskId, runId, log) => server.setContent(taskId, runId, log, ""),
  },
  storage("another encoding", { kind: "encoding", name: "br" }, /sent as 'br'/),
];

/** Those that are tried again, in vain. */
export const BROKEN_LOGS: readonly UnusableLog[] = [
  storage("one that ends early", { kind: "cut" }, /ends early/),
  storage("one that breaks off", { kind: "short" }, /no usable answer/),
  storage("nothing at all", { kind: "empty" }, /ends early/),
  storage("a damaged one", { kind: "damage" }, /damaged|ends early/),
  storage("500", { kind: "status", status: 500 }, /HTTP 500/),
];

/** All of them. */
export const UNUSABLE_LOGS = [...REFUSED_LOGS, ...BROKEN_LOGS];
