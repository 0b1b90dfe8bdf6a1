/** The built-ins that command line and tests have and sidecars never load. */
import type { Family } from "./host-builtins.ts";

export const TOOL_FAMILIES: readonly Family[] = [
  { prefix: "graphql.", load: async () => (await import("./graphql/builtins.ts")).graphqlBuiltins() },
];
