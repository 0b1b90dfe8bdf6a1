// Writes policy-compiler/runtime/assembly/layout.ts: the numbers of layouts as the runtime has
// them. The result is committed, so that an install needs no step more; a test compares.
import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { printLayout } from "../policy-compiler/src/link/print-layout.ts";

const root = resolve(import.meta.dirname, "..");
writeFileSync(join(root, "policy-compiler/runtime/assembly/layout.ts"), printLayout());
