/** A proxy that the environment names. */
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { afterEach, beforeEach, vi } from "vitest";

/** Starts a proxy before each test of the block, and ends it after. @returns The `host:port` of each tunnel of the test. */
export function proxyFromEnvironment(): readonly string[] {
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
    for (const name of ["http_proxy", "HTTP_PROXY"]) {
      vi.stubEnv(name, `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`);
    }
  });

  afterEach(async () => {
    vi.unstubAllEnvs();
    await new Promise((resolve) => {
      proxy.close(resolve);
      proxy.closeAllConnections();
    });
  });

  return tunnels;
}
