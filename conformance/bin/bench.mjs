#!/usr/bin/env node
// `npm run bench -- [--only codec|decision|compile|commit|hop|chain] [--rounds N] [--seconds N] [--check]`
import { launch } from "./launch.mjs";

await launch("bench/main.ts");
