/** What needs Node: for shells alone. */
export { shareFairly } from "./shell/fair-connections.ts";
export { PUBLIC, readIfThere, SECRET, writeWhole } from "./shell/files.ts";
