/** Tests with engines of clusters: see scripts/test-scale.mjs. */
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/scale/**/*.scale.ts"],
    testTimeout: 1_200_000,
    hookTimeout: 600_000,
    // Engines share two cores badly.
    fileParallelism: false,
  },
});
