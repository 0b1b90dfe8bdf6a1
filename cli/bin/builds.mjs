// The entry of a controller's build process (controller/src/shell/build/builder.ts): one script, kept compiled, where it is
// there and made of the sources that are there (program.mjs); otherwise the module that is named.
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { BUILDS, findProgram, KEPT, openProgram } from "./program.mjs";

const root = resolve(import.meta.dirname, "../..");
const [module] = process.argv.slice(2);
const file = findProgram(root, BUILDS);
// What compiles others' text writes nothing.
const command = process.permission === undefined ? "build" : undefined;
if (file === undefined) await import(pathToFileURL(module).href);
else await openProgram(root, file, join(root, KEPT), command).serveBuilds();
