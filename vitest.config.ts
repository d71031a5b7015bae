import { defineConfig } from "vitest/config";

export default defineConfig({
  // Many tests wait for processes and servers, so that two at a time pay on two cores.
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/temporary-folder.ts"],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
    // The built program is loaded as it is.
    server: { deps: { external: [/\/cli\/(?:[^/]+|commands\/[^/]+)\.js$/] } },
  },
});
