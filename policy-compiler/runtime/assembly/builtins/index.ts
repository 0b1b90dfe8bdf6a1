/**
 * The built-ins that run inside the module, each exported under `b$` and OPA's name with
 * `$` for `.`: `io.jwt.decode` is `b$io$jwt$decode`. All take and give values.
 */
export { equalBuiltin as b$equal } from "./equal";
