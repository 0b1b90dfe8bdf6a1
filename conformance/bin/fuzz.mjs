#!/usr/bin/env node
// `npm run fuzz:rego -- [--count N] [--seed N]`
import { launch } from "./launch.mjs";

await launch("rego/fuzz/main.ts");
