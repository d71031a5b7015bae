import { defineConfig } from "vitest/config";

/** Tests that change what belongs to the process, watch it, or clean up by hooks of a shared module: a process for each file. */
const OWN_PROCESS = [
  "test/{archive,browser,chaos,docs,interop,library,live,package,python,taskcluster,wandb}/**/*.test.ts",
  "test/cli/{action,damaged-answers,earlier-version,escape,secrets}.test.ts",
  "test/cli/receipts/report.test.ts",
  "test/commands/{compare,download,group,logs,ls,parse-follow,parse-stop}.test.ts",
  "test/http/connections.test.ts",
];

export default defineConfig({
  // Many tests wait for processes and servers, so that two at a time pay on two cores.
  test: {
    globalSetup: ["test/temporary-folder.ts"],
    // Only what hangs takes so long, however slow the machine.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 150_000 } },
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
