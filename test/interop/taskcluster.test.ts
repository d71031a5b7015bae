/** Taskcluster's own client, from PyPI, judges the stand-in and the signatures. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { credentialsOf } from "../../src/taskcluster/client/index.js";
import { IDS, queueFor, standIn } from "../taskcluster/client/harness.js";
import { findPythonVenv, TASKCLUSTER } from "./python-venv.js";

const TOKEN = "Dq0d3NKrTAWz4hRkf7jzXgm2aE5aQbS1y-bQk1mPZ0aw";
const SCOPE = "queue:get-task:*";
const venv = await findPythonVenv(TASKCLUSTER);
if ("missing" in venv) process.stderr.write(`skipped: ${venv.missing}\n`);

test.skipIf("missing" in venv)(
  "the stand-in takes the official client's signatures, and its temporary credentials sign ours",
  async () => {
    if ("missing" in venv) return;
    const clients = { "project/reader": { accessToken: TOKEN, scopes: [SCOPE] } };
    const server = await standIn({ clients, anonymous: [] });
    const script = join(import.meta.dirname, "official_taskcluster.py");
    const args = [script, server.url, "project/reader", TOKEN, IDS.student, SCOPE];
    const { stdout } = await promisify(execFile)(venv.python, args);
    const official = JSON.parse(stdout);
    const name = server.store.task(IDS.student).definition.metadata.name;
    expect(official).toMatchObject({ labels: [name, name, name], wrong: 401, nobody: 403 });
    for (const environment of official.temporary) {
      const credentials = await credentialsOf(environment);
      const { metadata } = await queueFor(server, { credentials }).task(IDS.student);
      expect([credentials?.clientId, metadata.name]).toEqual([environment.TASKCLUSTER_CLIENT_ID, name]);
    }
  },
  60_000,
);
