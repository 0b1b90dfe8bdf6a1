/** What only Node users of the policy runtime can have. */
export { EVALUATION_CLOCK } from "./shell/evaluation-clock.ts";
export { printGoJson } from "./shell/go-json.ts";
export { type Family, type HostOptions, type LoadBuiltins, makeBuiltinLoader } from "./shell/host-builtins.ts";
