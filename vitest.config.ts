import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["**/*.test.ts"],
    exclude: ["**/node_modules/**", "**/dist/**", "**/.regomesh/**"],
    globalSetup: ["scripts/test-setup.mjs"],
    // Whole-mesh scenarios start real processes on a two-core machine.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: ["default"],
  },
});
