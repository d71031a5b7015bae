/** What is no part of the suite, the soak and the table of faults: see scripts/chaos.mjs. */
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/chaos/*.soak.ts", "test/chaos/*.table.ts"],
    globalSetup: ["test/temporary-folder.ts"],
    testTimeout: 0,
  },
});
