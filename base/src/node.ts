/** What needs Node: for shells alone. */
export { shareFairly } from "./shell/fair-connections.ts";
export { BEFORE, PUBLIC, readIfThere, SECRET, syncWritten, writeUnsynced, writeWhole } from "./shell/files.ts";
