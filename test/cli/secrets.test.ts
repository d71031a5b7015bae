/** No secret is printed or written, whatever a server, a program of the user's or a fault says. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, describe, expect, test } from "vitest";
import { IDS } from "../taskcluster/client/ids.js";
import { filesBelow, freshFolder, result, runBinary } from "./run-binary.js";
import { start, train } from "./sample-logs.js";
import { setting } from "./taskcluster.js";

const KEY = "a7Qz94f0Lm3xVb8KdR2tYw6Hs1JpNc5GeUo0iXy4";
const HEADER = Buffer.from(`api:${KEY}`).toString("base64");
const SAID = `key ${KEY}, cut ${KEY.slice(0, 39)}, header ${HEADER}, in a URL ${encodeURIComponent(HEADER)}, https://api:${KEY}@h/x?bewit=${HEADER}`;
const LOG = start() + train(100) + train(200);

function tells(text: string): boolean {
  return [KEY, HEADER].some((secret) =>
    Array.from({ length: secret.length - 11 }, (_, at) => secret.slice(at, at + 12)).some((piece) =>
      text.includes(piece),
    ),
  );
}

const servers: ReturnType<typeof createServer>[] = [];
afterAll(() => {
  for (const server of servers) {
    server.close();
    server.closeAllConnections();
  }
});

/** A server that says the same to everybody. */
async function parrot(status: number, type: string, body: string): Promise<string> {
  const server = createServer((request, response) => {
    request.resume().on("end", () => response.writeHead(status, { "content-type": type }).end(body));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe("a key that comes back", () => {
  test.each([
    ["in GraphQL's errors", 200, "application/json", JSON.stringify({ errors: [{ message: SAID }] })],
    ["in a page", 403, "text/html", `<title>${SAID}</title>${SAID}`],
    ["in a text that is cut", 400, "text/plain", `${" ".repeat(65_520)}${SAID}`],
  ])("%s is not printed and not written", async (_name, status, type, body) => {
    const env = {
      WANDB_API_KEY: KEY,
      WANDB_BASE_URL: (await parrot(status, type, body)).replace("://", `://api:${KEY}@`),
      DEBUG: "*",
    };
    const folder = freshFolder({ "train.log": LOG });
    const args = ["parse", "train.log", "--wandb-project", "p", "-o", "out", "--retry-for", "0s"];
    for (const run of [
      await runBinary("run", [...args, "--json", "--verbose"], { folder, env }),
      await runBinary("run", ["doctor", "--wandb-project", "p"], { folder, env }),
    ]) {
      expect(run.code).toBeGreaterThan(0);
      expect(tells(run.stdout + run.stderr)).toBe(false);
    }
    const files = filesBelow(folder).filter((path) => path !== "train.log");
    expect(files).not.toEqual([]);
    for (const path of files) expect(tells(result({ folder }, path))).toBe(false);
  });

  test("in what nobody foresaw is not printed, and the trace controls no terminal", async () => {
    const mine = `setTimeout(() => { throw new Error("\\u001b]0;pwn\\u0007 " + process.env.WANDB_API_KEY.slice(1)); }, 0);
      export const createPublisher = () => new Promise(() => setInterval(() => {}, 1000));`;
    const folder = freshFolder({ "train.log": LOG, "mine.mjs": mine });
    const run = await runBinary("run", ["parse", "train.log", "--publisher", "./mine.mjs", "-o", "out"], {
      folder,
      env: { WANDB_API_KEY: KEY },
    });
    expect(run).toMatchObject({ code: 1, stderr: expect.stringContaining("internal error: ") });
    expect(run.stderr).toContain(String.raw`\u001b]0;pwn\u0007`);
    expect(run.stderr).not.toMatch(/(?!\n)\p{Cc}/u);
    expect(tells(run.stdout + run.stderr)).toBe(false);
  });
});

test("Taskcluster's credentials and signed URLs in its errors are not printed", async () => {
  const { server, options } = await setting();
  const signed = `https://queue.example/artifact?bewit=${HEADER}&X-Amz-Signature=${KEY}`;
  const body = JSON.stringify({
    code: "InputError",
    message: `no: ${signed} ${KEY}`,
    requestInfo: { signed },
  });
  server.inject({ fault: { kind: "status", status: 400, body, contentType: "application/json" }, times: 9 });
  const env = { ...options.env, TASKCLUSTER_CLIENT_ID: "me", TASKCLUSTER_ACCESS_TOKEN: KEY };
  for (const args of [
    ["ls", IDS.fjord],
    ["logs", IDS.teacher1],
  ]) {
    const run = await runBinary("run", args, { ...options, env });
    expect(run).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("https://queue.example/artifact?…"),
    });
    expect(tells(run.stdout + run.stderr)).toBe(false);
  }
});
