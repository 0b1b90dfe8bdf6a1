// Before any test: the policy runtime is what its sources say.
import { buildRuntime } from "./build-runtime.mjs";

export function setup() {
  buildRuntime();
}
