#!/usr/bin/env node
// `npm run bench:engine`
import { launch } from "./launch.mjs";

await launch("bench/engine/main.ts");
