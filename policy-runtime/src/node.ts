/** What only Node users of the policy runtime can have. */
export { type HostOptions, makeHostBuiltins } from "./shell/host-builtins.ts";
