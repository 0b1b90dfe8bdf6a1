/** What only Node users of the policy runtime can have. */
export { type Family, type HostOptions, type LoadBuiltins, makeBuiltinLoader } from "./shell/host-builtins.ts";
