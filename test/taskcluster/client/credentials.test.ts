import { createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import { credentialsOf } from "../../../src/taskcluster/client/index.js";
import { all, contentOf, harness, IDS } from "./harness.js";

const TOKEN = "Dq0d3NKrTAWz4hRkf7jzXgm2aE5aQbS1y-bQk1mPZ0aw";
const NAME = "private/build/train.log";
const CLIENTS = { "project/reader": { accessToken: TOKEN, scopes: [`queue:get-artifact:${NAME}`] } };
const ENVIRONMENT = { TASKCLUSTER_CLIENT_ID: "project/reader", TASKCLUSTER_ACCESS_TOKEN: TOKEN };
const HOUR = 3_600_000;

/** Temporary credentials, as Taskcluster's clients make them. */
function temporary(scopes: readonly string[], expiry = Date.now() + HOUR, name?: string) {
  const [start, seed] = [Date.now() - HOUR, "q7Vb4kTPQ9m0rN1c2dXyZAq7Vb4kTPQ9m0rN1c2dXyZA"];
  const named = name === undefined ? [] : [`clientId:${name}`, "issuer:project/reader"];
  const lines = [
    "version:1",
    ...named,
    `seed:${seed}`,
    `start:${start}`,
    `expiry:${expiry}`,
    "scopes:",
    ...scopes,
  ];
  const signature = createHmac("sha256", TOKEN).update(lines.join("\n")).digest("base64");
  const issuer = name === undefined ? {} : { issuer: "project/reader" };
  return {
    TASKCLUSTER_CLIENT_ID: name ?? "project/reader",
    TASKCLUSTER_ACCESS_TOKEN: createHmac("sha256", TOKEN).update(seed).digest("base64url"),
    TASKCLUSTER_CERTIFICATE: JSON.stringify(
      { version: 1, scopes, start, expiry, seed, signature, ...issuer },
      null,
      1,
    ),
  };
}

async function setUp(environment: Readonly<Record<string, string>>, anonymous?: readonly string[]) {
  const credentials = await credentialsOf(environment);
  const options = anonymous === undefined ? { clients: CLIENTS } : { clients: CLIENTS, anonymous };
  const set = await harness(options, { credentials });
  set.server.setContent(IDS.student, 0, NAME, "private log");
  const ref = { taskId: IDS.student, runId: 0, name: NAME };
  return { ...set, read: () => contentOf(set.queue, ref) };
}

describe("with credentials", () => {
  it.each([
    ["permanent", ENVIRONMENT],
    ["temporary", temporary([`queue:get-artifact:${NAME}`])],
    ["named temporary", temporary([`queue:get-artifact:${NAME}`], Date.now() + HOUR, "project/reader/ci")],
  ])("that are %s a private artifact is read, and its storage gets no signature", async (_, environment) => {
    const { read, server } = await setUp(environment);
    expect(String(await read())).toBe("private log");
    const signed = server.requests.filter(({ headers }) => headers["authorization"] !== undefined);
    expect(signed.map(({ endpoint }) => endpoint)).toEqual(["artifact"]);
    expect(server.count("content")).toBe(1);
  });

  it("a private group is read, whose tasks nobody else sees", async () => {
    const clients = { "project/reader": { accessToken: TOKEN, scopes: ["queue:*"] } };
    const credentials = await credentialsOf(ENVIRONMENT);
    const { queue, server } = await harness({ clients, anonymous: [], pageSize: 5 }, { credentials });
    expect((await all(queue.groupPages(IDS.fjord))).flat().length).toBeGreaterThan(5);
    expect((await queue.statuses([IDS.student])).size).toBe(1);
    expect(server.requests.every(({ headers }) => headers["authorization"]?.includes("Hawk id="))).toBe(true);
  });

  it("each try has a signature of its own", async () => {
    const { read, server } = await setUp(ENVIRONMENT);
    server.inject({ endpoint: "artifact", times: 2, fault: { kind: "status", status: 500 } });
    await read();
    const signatures = server.requests.flatMap(({ headers }) => headers["authorization"] ?? []);
    expect([signatures.length, new Set(signatures).size]).toEqual([3, 3]);
  });
});

describe("without access, the error says what is missing", () => {
  it("without credentials: the variables and the scope", async () => {
    const { read } = await setUp({});
    await expect(read()).rejects.toMatchObject({
      code: "forbidden",
      status: 403,
      message: expect.stringMatching(
        /without credentials that have the scope queue:get-artifact:private\/build\/train\.log: set TASKCLUSTER_CLIENT_ID and TASKCLUSTER_ACCESS_TOKEN, .* \(HTTP 403\)/,
      ),
    });
  });

  it("with credentials that lack the scope: the client and the scope", async () => {
    const { read } = await setUp(temporary(["queue:get-artifact:private/other"]));
    await expect(read()).rejects.toThrow(
      /with the credentials of project\/reader, which lack the scope queue:get-artifact:private\/build\/train\.log/,
    );
  });

  it("with a wrong token: the variables, and not the token", async () => {
    const wrong = `${TOKEN}x`;
    const { read } = await setUp({ ...ENVIRONMENT, TASKCLUSTER_ACCESS_TOKEN: wrong });
    const error = await read().catch((reason: Error) => reason);
    expect(error).toMatchObject({ code: "forbidden", status: 401 });
    expect(String(error)).toMatch(
      /credentials of project\/reader are not valid: check TASKCLUSTER_CLIENT_ID/,
    );
    expect(String(error)).not.toContain(TOKEN);
  });

  it("a storage that forbids is not a matter of credentials", async () => {
    const { read, server } = await setUp(ENVIRONMENT);
    server.inject({ endpoint: "content", fault: { kind: "status", status: 403 } });
    await expect(read()).rejects.toThrow(/is gone from the storage \(HTTP 403\)/);
  });
});

describe("credentials that can't be right", () => {
  it("are none if no variable is set", async () => {
    expect(await credentialsOf({ TASKCLUSTER_CLIENT_ID: "", TASKCLUSTER_ACCESS_TOKEN: " " })).toBeUndefined();
  });

  it.each([
    [{ TASKCLUSTER_CLIENT_ID: "a" }, /TASKCLUSTER_CLIENT_ID is set without TASKCLUSTER_ACCESS_TOKEN/],
    [{ TASKCLUSTER_ACCESS_TOKEN: TOKEN }, /TASKCLUSTER_ACCESS_TOKEN is set without TASKCLUSTER_CLIENT_ID/],
    [{ ...ENVIRONMENT, TASKCLUSTER_CERTIFICATE: "{" }, /TASKCLUSTER_CERTIFICATE is not the JSON object/],
    [temporary([], -1e20), /TASKCLUSTER_CERTIFICATE is not the JSON object/],
    [temporary([], Date.now() - HOUR), /expired at \d{4}-.*Z: get new ones/],
  ])("%#", async (environment, message) => {
    const error = await credentialsOf(environment).catch((reason: Error) => reason);
    expect(error).toMatchObject({ code: "credentials", message: expect.stringMatching(message) });
    expect(String(error)).not.toContain(TOKEN);
  });
});
