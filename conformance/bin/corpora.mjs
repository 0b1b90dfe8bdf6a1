#!/usr/bin/env node
// `npm run conformance:corpora`
import { launch } from "./launch.mjs";

await launch("rego/corpora.ts");
