// Writes docs/resources.md and deploy/crds/ from the schemas, docs/built-ins.md from the tables of the compiler and of roles, docs/analyze.md from the codes.
// The results are committed; tests compare.
import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { printCodes } from "../cli/src/analyze/codes.ts";
import { printBuiltins } from "../policy-compiler/src/reference/print-built-ins.ts";
import { printCrds } from "../resources/src/crd/print-crds.ts";
import { printDocument } from "../resources/src/reference/print-document.ts";

const docs = join(resolve(import.meta.dirname, ".."), "docs");
writeFileSync(join(docs, "resources.md"), printDocument());
writeFileSync(join(docs, "built-ins.md"), printBuiltins());
writeFileSync(join(docs, "analyze.md"), printCodes());
for (const { name, text } of printCrds()) writeFileSync(join(docs, "../deploy/crds", name), text);
