#!/usr/bin/env node
// `npm run conformance:corpora -- DIR [--opa PATH]`
import { launch } from "./launch.mjs";

await launch("rego/corpora.ts");
