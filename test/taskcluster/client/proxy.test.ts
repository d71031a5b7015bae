import { describe, expect, it, vi } from "vitest";
import { Queue } from "../../../src/taskcluster/client/index.js";
import { proxyFromEnvironment } from "../../servers/proxy.js";
import { afterTest, contentOf, IDS, standIn } from "./harness.js";

describe("a proxy from the environment", () => {
  const tunnels = proxyFromEnvironment();

  it.each([
    { exceptions: "", through: true },
    { exceptions: "127.0.0.1", through: false },
  ])(
    "is used: $through, with NO_PROXY=$exceptions, for the queue and the storage",
    async ({ exceptions, through }) => {
      for (const name of ["no_proxy", "NO_PROXY"]) vi.stubEnv(name, exceptions);
      const server = await standIn();
      const queue = new Queue({ rootUrl: server.url, userAgent: "test" });
      afterTest(() => queue.close());
      await contentOf(queue, { taskId: IDS.teacher1, runId: 1, name: "public/build/train.log" });
      expect(tunnels).toEqual(through ? [server.url, server.storageUrl].map((url) => new URL(url).host) : []);
    },
  );
});
