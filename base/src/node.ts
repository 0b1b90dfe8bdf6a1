/** What needs Node: for shells alone. */
export { PUBLIC, readIfThere, SECRET, writeWhole } from "./shell/files.ts";
