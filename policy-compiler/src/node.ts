/** What only Node users of the compiler can have. */
export { loadRuntime } from "./shell/runtime-file.ts";
export { loadSchemas } from "./shell/schema-files.ts";
export { type StartLine, stackFlags, withDeepStack } from "./shell/stack.ts";
export { builtinsIn, makeToolLoader } from "./shell/tool-builtins.ts";
