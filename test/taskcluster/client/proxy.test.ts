import { createServer, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Queue } from "../../../src/taskcluster/client/index.js";
import { afterTest, contentOf, IDS, standIn } from "./harness.js";

describe("a proxy from the environment", () => {
  let proxy: Server;
  const tunnels: string[] = [];

  beforeEach(async () => {
    tunnels.length = 0;
    proxy = createServer();
    proxy.on("connect", (request, socket, head) => {
      tunnels.push(request.url ?? "");
      const [host = "", port = ""] = (request.url ?? "").split(":");
      const onward = connect(Number(port), host, () => {
        socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
        onward.write(head);
        onward.pipe(socket).pipe(onward);
      });
      onward.on("error", () => socket.destroy());
      socket.on("error", () => onward.destroy());
    });
    await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
    for (const name of ["http_proxy", "HTTP_PROXY"])
      vi.stubEnv(name, `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`);
  });

  afterEach(async () => {
    vi.unstubAllEnvs();
    await new Promise((resolve) => {
      proxy.close(resolve);
      proxy.closeAllConnections();
    });
  });

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
