#!/usr/bin/env node
// `npm run conformance:rego`
import { launch } from "./launch.mjs";

await launch("rego/main.ts");
