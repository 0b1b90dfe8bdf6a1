// Writes docs/resources.md from the schemas. The result is committed; a test compares.
import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { printDocument } from "../resources/src/reference/print-document.ts";

writeFileSync(join(resolve(import.meta.dirname, ".."), "docs/resources.md"), printDocument());
