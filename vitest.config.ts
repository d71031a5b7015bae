import { defineConfig } from "vitest/config";

/** Tests that change what belongs to the process, or watch it, and so want one for each file. */
const OWN_PROCESS = [
  "test/{browser,chaos,interop,package}/**/*.test.ts",
  "test/archive/{archive,tar}.test.ts",
  "test/cli/{action,secrets}.test.ts",
  "test/http/connections.test.ts",
  "test/live/**/*.test.ts",
  "test/taskcluster/client/proxy.test.ts",
  "test/wandb/*.test.ts",
  "test/wandb/{client,conformance,offline}/**/*.test.ts",
];

export default defineConfig({
  // Many tests wait for processes and servers, so that two at a time pay on two cores.
  test: {
    globalSetup: ["test/temporary-folder.ts"],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
    // The built program is loaded as it is.
    server: { deps: { external: [/\/cli\/(?:[^/]+|commands\/[^/]+)\.js$/] } },
    projects: [
      {
        extends: true,
        test: { name: "shared", include: ["test/**/*.test.ts"], exclude: OWN_PROCESS, isolate: false },
      },
      { extends: true, test: { name: "own", include: OWN_PROCESS } },
    ],
  },
});
