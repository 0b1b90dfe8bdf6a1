/** What only Node users of the compiler can have. */
export { loadRuntime } from "./shell/runtime-file.ts";
export { stackFlags } from "./shell/stack-flags.ts";
