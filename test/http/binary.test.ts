/** Waits with the real program: each ends in its bound, with the rows in the offline file. */
import { readFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";
import { check, freshFolder, runBinary } from "../cli/run-binary.js";
import { CONNECTION_FAULTS, faultNamed } from "../servers/faults.js";
import { StandInServer } from "../servers/wandb/index.js";

const log = readFileSync(fileURLToPath(new URL("../../fixtures/train.log", import.meta.url)), "utf8");
const closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

test.each(CONNECTION_FAULTS.filter(({ name }) => /first bytes|as a proxy/.test(name)))(
  "a proxy that $name is asked a few times only",
  async ({ take }) => {
    let connections = 0;
    const proxy = createServer((socket) => {
      socket.on("error", () => {});
      connections += 1;
      take(socket);
    });
    await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
    closing.push(() => void proxy.close());
    const address = `http://me:hunter22@127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    const env = { HTTPS_PROXY: address, TASKCLUSTER_ROOT_URL: "https://taskcluster.test" };
    const done = await runBinary("run", ["ls", "ZowUkamoRKuDlb4uAeTvgg"], { env });
    check(done, { code: 1, stderr: /no usable answer in 6 tries/ });
    expect(connections).toBe(6);
    expect(done.stderr).not.toContain("hunter22");
  },
);

test.each([
  "200 with a page",
  "200 with nothing",
  "204",
  "302 to a login",
  "403",
  "503 with Retry-After: 0",
  "429 with Retry-After: for ever",
])("rows that a server answers with %s are in the offline file, and reach it later", async (name) => {
  expect(faultNamed(name).name).toBe(name);
  const server = await StandInServer.start();
  closing.push(() => server.close());
  server.inject({ endpoint: "file_stream", fault: { kind: "named", name }, times: Number.POSITIVE_INFINITY });
  const env = { WANDB_BASE_URL: server.url, WANDB_API_KEY: server.apiKey };
  const folder = freshFolder({ "student/train.log": log });
  const args = ["parse", "student/train.log", "--wandb-project", "p", "--retry-for", "3s"];
  const done = await runBinary("run", args, { env, folder });
  check(done, {
    code: 3,
    stderr: /0 of 80 rows sent were acknowledged[\s\S]*80 rows are in the offline file/,
  });
  expect(done.stderr).not.toContain(server.apiKey);
  expect(server.requestsOf("file_stream").length).toBeLessThan(5);
  server.heal();
  check(await runBinary("run", ["sync", "wandb", "-q"], { env, folder }), { code: 0, stderr: "" });
  expect(server.history("p", "student")).toHaveLength(80);
});

test("a server that acknowledges rows and holds none is found out", async () => {
  const server = await StandInServer.start();
  closing.push(() => server.close());
  server.inject({ endpoint: "file_stream", fault: { kind: "lie" }, times: Number.POSITIVE_INFINITY });
  const env = { WANDB_BASE_URL: server.url, WANDB_API_KEY: server.apiKey };
  const folder = freshFolder({ "student/train.log": log });
  const args = ["parse", "student/train.log", "--wandb-project", "p", "--retry-for", "3s"];
  const done = await runBinary("run", args, { env, folder });
  check(done, { code: 3, stderr: /acknowledged 80 rows of the run and holds 0[\s\S]*/ });
  const again = await runBinary("run", ["sync", "wandb", "--retry-for", "1s"], { env, folder });
  check(again, { code: 3, stderr: /holds 0/ });
  server.heal();
  check(await runBinary("run", ["sync", "wandb", "-q"], { env, folder }), { code: 0, stderr: "" });
  expect(server.history("p", "student")).toHaveLength(80);
});
