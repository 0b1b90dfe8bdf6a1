// Run by npm after an install: makes what is built and not committed.
import { buildDashboard } from "./build-dashboard.mjs";
import { buildProgram } from "./build-program.mjs";
import { buildRuntime } from "./build-runtime.mjs";

console.log(`prepare: policy runtime ${buildRuntime()}`);
console.log(`prepare: page ${buildDashboard()}`);
console.log(`prepare: program ${await buildProgram()}`);
