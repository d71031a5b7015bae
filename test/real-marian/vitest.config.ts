/** Tests with a real Marian: see scripts/test-interop.mjs. */
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/real-marian/**/*.marian.ts"],
    testTimeout: 900_000,
    hookTimeout: 600_000,
    // One model at a time fits into memory and disk.
    fileParallelism: false,
  },
});
