// Run by npm after an install: makes what is built and not committed.
import { buildRuntime } from "./build-runtime.mjs";

console.log(`prepare: policy runtime ${buildRuntime()}`);
