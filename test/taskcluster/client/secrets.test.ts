import { inspect } from "node:util";
import { Agent } from "undici";
import { describe, expect, it } from "vitest";
import { secretToken } from "../../../src/taskcluster/client/index.js";
import type { StandInOptions } from "../../servers/taskcluster/index.js";
import { standIn, TestClock } from "./harness.js";

const NAME = "project/translations/level-1/weights-and-biases";
const TOKEN = "t0ken".repeat(8);

async function read(secrets: StandInOptions["secrets"]): Promise<unknown> {
  const server = await standIn({ ...(secrets === undefined ? {} : { secrets }) });
  const environment = { TASKCLUSTER_PROXY_URL: server.url };
  const options = { environment, userAgent: "test", dispatcher: new Agent(), clock: new TestClock() };
  return secretToken(NAME, options).catch((error: unknown) => error);
}

describe("a secret", () => {
  it("is read through the proxy", async () => {
    expect(await read({ [NAME]: { token: `${TOKEN}\n` } })).toBe(TOKEN);
  });

  it("is refused without the scope, or is not there", async () => {
    expect(String(await read(undefined))).toMatch(/the secret project.* may not be read .*HTTP 403/);
    expect(String(await read({}))).toMatch(/the secret project.* is not there.*Secret not found/);
  });

  it.each([{ key: TOKEN }, { token: [TOKEN] }, { token: "  " }])(
    "that is malformed is not printed: %#",
    async (secret) => {
      const failure = await read({ [NAME]: secret });
      expect(String(failure)).toMatch(/malformed: it should be {"token": /);
      expect(inspect(failure, { depth: 20, showHidden: true })).not.toContain(TOKEN);
    },
  );

  it("can't be read outside a task", async () => {
    await expect(secretToken(NAME, { environment: {}, userAgent: "test" })).rejects.toThrow(
      /TASKCLUSTER_PROXY_URL is not set/,
    );
  });
});
