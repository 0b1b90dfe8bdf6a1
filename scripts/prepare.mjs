// Run by npm after an install: makes what is built and not committed.

import { BUILDS } from "../cli/bin/program.mjs";
import { buildDashboard } from "./build-dashboard.mjs";
import { buildProgram } from "./build-program.mjs";
import { buildRuntime } from "./build-runtime.mjs";
import { keepBuilds } from "./keep-builds.mjs";

console.log(`prepare: policy runtime ${buildRuntime()}`);
console.log(`prepare: page ${buildDashboard()}`);
console.log(`prepare: program ${await buildProgram()}`);
console.log(`prepare: build process ${await buildProgram(BUILDS)}, ${await keepBuilds()}`);
