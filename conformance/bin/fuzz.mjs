#!/usr/bin/env node
// `npm run fuzz:rego`
import { launch } from "./launch.mjs";

await launch("rego/fuzz/main.ts");
