import { describe, expect, it, vi } from "vitest";
import { WandbClient } from "../../../src/wandb/client/index.js";
import { proxyFromEnvironment } from "../../servers/proxy.js";
import { harness, settingsFor } from "./harness.js";

describe("a proxy from the environment", () => {
  const tunnels = proxyFromEnvironment();

  it.each([
    { exceptions: "", through: true },
    { exceptions: "127.0.0.1", through: false },
  ])("is used: $through, with NO_PROXY=$exceptions", async ({ exceptions, through }) => {
    for (const name of ["no_proxy", "NO_PROXY"]) vi.stubEnv(name, exceptions);
    const { server } = await harness();
    const client = new WandbClient(settingsFor(server));
    expect(await client.entity()).toBe("team");
    await client.close();
    expect(tunnels).toEqual(through ? [new URL(server.url).host] : []);
  });
});
