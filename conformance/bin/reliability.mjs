#!/usr/bin/env node
// `npm run conformance:reliability -- [--only ID[,ID]]`
import { launch } from "./launch.mjs";

await launch("reliability/main.ts");
