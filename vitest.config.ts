import { defineConfig } from "vitest/config";
import { stackFlags } from "./policy-compiler/src/shell/stack.ts";

const EXCLUDE = ["**/node_modules/**", "**/dist/**", "**/.regomesh/**"];
/** Tests that start the project's own processes, or a whole mesh of them (scripts/check-imports.mjs holds it). */
const PROCESSES = ["conformance/src/mesh/**/*.test.ts", "**/*.process.test.ts"];

export default defineConfig({
  test: {
    // As the commands that compile have it.
    execArgv: [...stackFlags()],
    globalSetup: ["scripts/test-setup.mjs"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: ["default"],
    projects: [
      {
        extends: true,
        test: { name: "unit", include: ["**/*.test.ts"], exclude: [...EXCLUDE, ...PROCESSES] },
      },
      {
        extends: true,
        // One file at a time, and nothing beside it: a mesh's processes share two cores with no other test.
        test: {
          name: "mesh",
          include: PROCESSES,
          exclude: EXCLUDE,
          maxWorkers: 1,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
