/**
 * What is bundled into one file for commands that compile policies (scripts/build-program.mjs): the command line, and
 * the compiler by itself, for whoever measures it as users have it.
 */
export { compile } from "@regomesh/policy-compiler";
export { loadRuntime } from "@regomesh/policy-compiler/node";
export { main } from "./main.ts";
