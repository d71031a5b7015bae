/** The soak: see scripts/chaos.mjs. */
import { defineConfig } from "vitest/config";

export default defineConfig({ test: { include: ["test/chaos/*.soak.ts"], testTimeout: 0 } });
