import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";
import { stackFlags } from "./policy-compiler/src/shell/stack.ts";
import { LongFirst } from "./scripts/long-first.ts";

const EXCLUDE = ["**/node_modules/**", "**/dist/**", "**/.regomesh/**"];
/** Tests that start the project's own processes, or a whole mesh of them (scripts/check-imports.mjs holds it). */
const PROCESSES = ["conformance/src/mesh/**/*.test.ts", "**/*.process.test.ts"];

/** Vitest leaves a core to itself, which it does not need: of two the tests had one. */
const WORKERS = Math.max(2, availableParallelism() - 1);
/** A mesh is eleven processes that mostly wait: for a lease's end, a canary's time, a service that is to come back. */
const MESHES = 2;

export default defineConfig({
  test: {
    // As the commands that compile have it.
    execArgv: [...stackFlags()],
    globalSetup: ["scripts/test-setup.mjs"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: ["default"],
    sequence: { sequencer: LongFirst },
    projects: [
      {
        extends: true,
        test: { name: "unit", include: ["**/*.test.ts"], exclude: [...EXCLUDE, ...PROCESSES], maxWorkers: WORKERS },
      },
      {
        extends: true,
        // Two at a time, and nothing else beside them.
        test: {
          name: "mesh",
          include: PROCESSES,
          exclude: EXCLUDE,
          maxWorkers: MESHES,
          // What nobody is meant to wait for: each step says by when it must have come.
          testTimeout: 180_000,
          hookTimeout: 180_000,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
